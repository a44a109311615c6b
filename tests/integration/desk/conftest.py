"""A desk over a seeded database, and the administrator who sits at it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from annul.desk.desk import Desk
from annul.desk.roles import Visitor
from annul.store.database import connect
from annul.store.migrate import upgrade
from annul.store.schema import in_schema
from tests.support.desks import make_desk
from tests.support.roles import as_owner

from .people import person, seeded_desk


@pytest.fixture
async def desk(pool: asyncpg.Pool) -> Desk:
    return await seeded_desk(pool)


@pytest.fixture
async def boss(desk: Desk) -> Visitor:
    return await person(desk, "administrator")


@pytest.fixture
async def east(database: str) -> AsyncIterator[Desk]:
    """Give the desk of another cell in the same database."""
    url = in_schema(database, "east")
    await upgrade(as_owner(url))
    pool = await connect(url)
    seeded = await seeded_desk(pool)
    yield make_desk(pool, cell="east", clock=seeded.clock)
    await pool.close()


@pytest.fixture
async def here_and_there(pool: asyncpg.Pool, east: Desk) -> tuple[str, str]:
    """Of two merchants one lives in each cell, and each cell knows where the other one is."""
    await seeded_desk(pool)
    here, there = [
        row[0] for row in await pool.fetch("SELECT merchant_id FROM merchants ORDER BY 1")
    ]
    for one, gone, cell in ((pool, there, "east"), (east.pool, here, "west")):
        await one.execute(
            "UPDATE merchants SET lives = 'away', cell = $2 WHERE merchant_id = $1", gone, cell
        )
    return here, there


@pytest.fixture
async def wide(pool: asyncpg.Pool, east: Desk, here_and_there: tuple[str, str]) -> Desk:
    """Give a desk over two cells, at the first of which people sign in."""
    assert all(here_and_there), "somebody lives in each"
    return make_desk(pool, cell="west", clock=east.clock, others=(east,))
