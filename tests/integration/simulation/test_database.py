"""The simulation's pool does what asyncpg's does: what a host relies on holds for both."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import asyncpg
import pytest

from annul.simulation.database import Database
from annul.simulation.virtual import VirtualLoop
from annul.simulation.world import World, world

_SIZE = 20  # connections of a pool


@pytest.fixture(scope="module")
def ground() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture(params=["asyncpg", "simulated"])
def told(
    request: pytest.FixtureRequest, ground: World
) -> Callable[[Callable[[Any], Awaitable[None]]], None]:
    """Run something with a pool of either sort."""

    async def real(work: Callable[[Any], Awaitable[None]]) -> None:
        async with asyncpg.create_pool(ground.server.url, min_size=0, max_size=_SIZE) as pool:
            await work(pool)

    def simulated(work: Callable[[Any], Awaitable[None]]) -> None:
        loop = VirtualLoop(datetime(2026, 11, 23, tzinfo=UTC))
        database = Database(ground.server, loop, Random(1))
        loop.run_until_complete(work(database.pool()))
        database.end()
        loop.bury()

    return simulated if request.param == "simulated" else lambda work: asyncio.run(real(work))


def test_a_connection_that_is_lost_leaves_its_place(told: Any) -> None:
    async def work(pool: Any) -> None:
        async with asyncio.timeout(5):
            lost = [await pool.acquire() for _ in range(_SIZE)]
            for connection in lost:
                connection.terminate()
            taken = [await pool.acquire() for _ in range(_SIZE)]
            for connection in lost:  # its place is another's by now
                await pool.release(connection)
        assert [await one.fetchval("SELECT 1") for one in taken] == [1] * _SIZE
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.acquire(), 0.05)
        for connection in taken:
            await pool.release(connection)

    told(work)


def test_who_gives_up_waiting_takes_no_place(told: Any) -> None:
    async def work(pool: Any) -> None:
        async with asyncio.timeout(5):
            tasks = [asyncio.ensure_future(_take(pool)) for _ in range(_SIZE)]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            taken = [await pool.acquire() for _ in range(_SIZE)]
        for connection in taken:
            await pool.release(connection)

    told(work)


async def _take(pool: Any) -> Any:
    return await pool.acquire()
