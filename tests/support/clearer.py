"""A process that takes one step with a clearing file, without knowing how far the last one was.

python -m tests.support.clearer DATABASE FILE STEP TIME

A step that was taken already changes nothing.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import BinaryIO, Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from annul.domain.business_day import Calendar
from annul.host.outcomes import Outcomes
from annul.merchants.registry import Registry
from annul.resolve.book import Book
from annul.security.vault import Vault
from annul.settle.clearing.again import Anew
from annul.settle.clearing.commit import Clearing
from annul.settle.clearing.load import AlreadyThere, Described, Hashing, Loader, ahead
from annul.settle.clearing.proving import Proving
from annul.settle.clearing.read import chunks
from annul.settle.clearing.rules import ClearingRules
from annul.store.database import connect
from annul.store.journal import Journal
from tests.support.builders import DAY
from tests.support.clearing import tolerates
from tests.support.clock import HeldClock

_CALENDAR: Final = Calendar(ZoneInfo("Asia/Shanghai"), time(23))
_RULES: Final = ClearingRules(tolerances=(tolerates("fee"),))
_OTHERS: Final = ClearingRules(carry_minutes=1_440, tolerances=(tolerates(up_to=1_000),))


class Clearer:
    """Takes steps with one file."""

    def __init__(self, pool: asyncpg.Pool, path: Path, now: datetime) -> None:
        self._pool = pool
        self._path = path
        self._clock = HeldClock(now, tick=timedelta(microseconds=1))
        self._clearing = Clearing(pool, _CALENDAR, self._clock, _RULES)

    async def load(self) -> None:
        """Stage it."""
        loader = Loader(self._pool, Vault(bytes(32)), self._clock)
        await loader.tidy(self._clock.now())
        described = Described(self._path.name, "COM", DAY)
        with self._path.open("rb") as stream, suppress(AlreadyThere):
            hashing = Hashing(stream)
            read = ahead(chunks(cast("BinaryIO", hashing), "COM", DAY))
            await loader.stage(described, read, hashing.digest, "li")

    async def preview(self) -> None:
        """Look at what it would do."""
        for file in await self._files("staged"):
            await self._clearing.preview(file)

    async def commit(self) -> None:
        """Let it count."""
        for file in await self._files("staged"):
            async with self._pool.acquire() as connection, connection.transaction():
                await self._clearing.commit(connection, file, "li")
        for file in await self._files("committed"):
            await self._clearing.unstage(file)

    async def prove(self) -> None:
        """Carry out what it proves, or undo it."""
        registry, journal = Registry(self._pool), Journal(self._pool)
        await registry.load()
        outcomes = Outcomes(journal, registry, _CALENDAR.business_date)
        book = Book(self._pool, timedelta(minutes=15))
        proving = Proving(self._pool, book, outcomes, _CALENDAR, self._clock)
        while await proving.run():
            pass
        await journal.close()

    async def again(self) -> None:
        """Match it anew by other rules."""
        for file in await self._files("committed"):
            async with self._pool.acquire() as connection, connection.transaction():
                anew = Anew(self._pool, _CALENDAR, self._clock, _OTHERS, 1)
                await anew.run(connection, file, ("wang", "other rules"))

    async def discard(self) -> None:
        """Let it count no longer."""
        for file in await self._files("committed"):
            async with self._pool.acquire() as connection, connection.transaction():
                await self._clearing.discard(connection, file, "wang", "wrong day")

    async def _files(self, state: str) -> list[UUID]:
        query = "SELECT id FROM clearing_files WHERE state = $1"
        return [row["id"] for row in await self._pool.fetch(query, state)]


STEPS: Final[Mapping[str, Callable[[Clearer], Awaitable[None]]]] = {
    "load": Clearer.load,
    "preview": Clearer.preview,
    "commit": Clearer.commit,
    "prove": Clearer.prove,
    "again": Clearer.again,
    "prove again": Clearer.prove,
    "discard": Clearer.discard,
    "undo": Clearer.prove,
}


async def _main(database: str, path: str, step: str, now: str) -> None:
    pool = await connect(database)
    await STEPS[step](Clearer(pool, Path(path), datetime.fromisoformat(now)))
    await pool.close()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
