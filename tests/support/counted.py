"""A pool that keeps what is asked of it: each of these is a round trip to the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


class Counted:
    """Stands before a pool, or a connection of it, and notes each statement, BEGIN and COMMIT."""

    def __init__(self, real: Any, asked: list[str] | None = None) -> None:
        self.asked: list[str] = [] if asked is None else asked
        self._real = real

    def taken(self) -> list[str]:
        """Give what was asked since the last time."""
        taken, self.asked[:] = list(self.asked), []
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def fetch(self, sql: str, *values: object) -> Any:
        self.asked.append(sql)
        return await self._real.fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: object) -> Any:
        self.asked.append(sql)
        return await self._real.fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: object) -> Any:
        self.asked.append(sql)
        return await self._real.fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> Any:
        self.asked.append(sql)
        return await self._real.execute(sql, *values)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["Counted"]:
        async with self._real.acquire() as connection:
            yield Counted(connection, self.asked)

    @asynccontextmanager
    async def transaction(self, **how: Any) -> AsyncIterator[None]:
        self.asked.append("BEGIN")
        async with self._real.transaction(**how):
            yield
        self.asked.append("COMMIT")
