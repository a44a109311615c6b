"""A desk over demo merchants, and two people at it."""

import asyncpg
import pytest

from annul.desk.roles import Visitor
from tests.support.playing import Scene, a_scene, somebody


@pytest.fixture
async def scene(pool: asyncpg.Pool) -> Scene:
    return await a_scene(pool)


@pytest.fixture
async def first(scene: Scene) -> Visitor:
    return await somebody(scene, "administrator")


@pytest.fixture
async def second(scene: Scene) -> Visitor:
    return await somebody(scene, "operator")
