"""A desk over demo merchants, and two people at it."""

import asyncpg
import pytest

from annul.desk.roles import Visitor
from tests.integration.desk.people import person, seeded_desk
from tests.support.plays import Scene


@pytest.fixture
async def scene(pool: asyncpg.Pool) -> Scene:
    desk = await seeded_desk(pool)
    place = "SELECT merchant_id, terminal_id FROM terminals ORDER BY 1, 2 LIMIT 1"
    row = await pool.fetchrow(place)
    assert row is not None
    return Scene(desk, row["merchant_id"], row["terminal_id"])


@pytest.fixture
async def first(scene: Scene) -> Visitor:
    return await person(scene.desk, "administrator")


@pytest.fixture
async def second(scene: Scene) -> Visitor:
    return await person(scene.desk, "operator")
