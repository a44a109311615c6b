"""A desk over a seeded database, and the administrator who sits at it."""

import asyncpg
import pytest

from annul.desk.desk import Desk
from annul.desk.roles import Visitor

from .people import person, seeded_desk


@pytest.fixture
async def desk(pool: asyncpg.Pool) -> Desk:
    return await seeded_desk(pool)


@pytest.fixture
async def boss(desk: Desk) -> Visitor:
    return await person(desk, "administrator")
