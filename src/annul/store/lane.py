"""Connections that are kept for statements that must never wait for others' turn."""

import asyncio
from contextlib import suppress
from time import perf_counter
from typing import Any, Final

import asyncpg

from .batcher import LOST, StoreUnavailable
from .histogram import Histogram

RETRY_S: Final = 20.0  # how long a statement waits for a database that went away
_RETRY_STEP_S: Final = 0.1
ANSWER_S: Final = 5.0  # until a server that says nothing to a statement is taken for frozen
# Plans are made once for a connection's life, also while the tables are new and look small; the
# journal's statements always touch few rows by their keys.
_ONLY_BY_INDEX: Final = (
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"
)
# Upper bounds in seconds of how long a statement takes: each a quarter above the last.
STATEMENTS_S: Final = tuple(0.0002 * 1.25**place for place in range(45))
_ANY_PLAN: Final = "RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin"


class Lane:
    """One connection that runs one statement at a time and comes back after a loss."""

    def __init__(
        self, pool: asyncpg.Pool, retry_s: float = RETRY_S, answer_s: float = ANSWER_S
    ) -> None:
        self.losses = 0  # of its connection
        self._pool = pool
        self._retry_s = retry_s
        self._answer_s = answer_s
        self._connection: Any = None
        self._closed = False
        self._turn = asyncio.Lock()
        self.took = Histogram(STATEMENTS_S)  # of each statement, from its start to its rows

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Run `sql`; raise `StoreUnavailable` when the database stays away for `retry_s`."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._retry_s
        while True:
            try:
                async with self._turn:
                    if self._connection is None:
                        self._connection = await self._pool.acquire(timeout=self._retry_s)
                        await self._connection.execute(_ONLY_BY_INDEX, timeout=self._answer_s)
                    began = perf_counter()
                    rows = await self._connection.fetch(sql, *arguments, timeout=self._answer_s)
                    self.took.add(perf_counter() - began)
                    return rows
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                continue
            except LOST as error:
                self.losses += 1
                self._drop()
                if isinstance(error, TimeoutError):
                    # What rests in the pool is not tried one after the other, each for as long.
                    await self._pool.expire_connections()
                if self._closed or loop.time() >= give_up:
                    raise StoreUnavailable from error
                await asyncio.sleep(_RETRY_STEP_S)

    async def release(self) -> None:
        """Give the connection back to the pool."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.execute(_ANY_PLAN, timeout=self._answer_s)
                await self._pool.release(connection)
            except LOST:
                _terminate(connection)

    def _drop(self) -> None:
        """Leave a connection that was lost, or on which nobody answers."""
        connection, self._connection = self._connection, None
        if connection is not None:
            _terminate(connection)

    async def close(self) -> None:
        """Give the connection back and stop retrying."""
        self._closed = True
        await self.release()


def _terminate(connection: Any) -> None:
    with suppress(*LOST):  # it may have been given back on the way
        connection.terminate()


class Lanes:
    """Several lanes: a statement goes where the fewest wait.

    What each caller asks for itself cannot share a statement, and one at a time is no more than
    one by the time that the database takes to answer: under a storm of repeats, far too few.
    """

    def __init__(self, pool: asyncpg.Pool, count: int) -> None:
        self._lanes = [Lane(pool) for _ in range(count)]
        self._waiting = [0] * count

    @property
    def losses(self) -> int:
        """How often one of them has lost its connection."""
        return sum(lane.losses for lane in self._lanes)

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Run `sql`; raises `StoreUnavailable` as a lane does."""
        place = self._waiting.index(min(self._waiting))
        self._waiting[place] += 1
        try:
            return await self._lanes[place].fetch(sql, *arguments)
        finally:
            self._waiting[place] -= 1

    async def close(self) -> None:
        """Give the connections back and stop retrying."""
        for lane in self._lanes:
            await lane.close()
