"""The process that is measured: it reads a file, looks at it, commits it, proves, and discards it.

`python -m bench.reconcile.work URL FILE`: says a line of JSON for each step, its seconds, those of
its statements by their names, and the peak of this process's memory; then it waits for a line, so
that the books can be looked at between.
"""

import asyncio
import json
import sys
import time
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

import asyncpg

from annul.host.outcomes import Outcomes
from annul.merchants.registry import Registry
from annul.resolve.book import Book
from annul.security.vault import Vault
from annul.settle.clearing import breaks, ending, load, matching, proving
from annul.settle.clearing.commit import Clearing
from annul.settle.clearing.load import Described, Hashing, Loader, ahead
from annul.settle.clearing.proving import Proving
from annul.settle.clearing.read import chunks
from annul.settle.clearing.rules import USUAL
from annul.store.database import connect
from annul.store.journal import Journal
from tests.support.clock import HeldClock

from .books import CALENDAR, DAY, MORNING

_MATCH: Final = "match"
_NAMES: Final = {
    statement.sql: f"{part}.{name}"
    for part, statements in (
        (_MATCH, matching.SQL),
        ("breaks", breaks.SQL),
        ("proofs", proving.SQL),
        ("discard", ending.SQL),
        ("files", load.SQL),
    )
    for name, statement in statements.items()
} | {other.sql: f"{_MATCH}.by_other" for other in matching.OTHERS}


class Timed:
    """A connection of which each statement's seconds are counted by its name."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.seconds: dict[str, float] = defaultdict(float)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._connection, name)
        if name not in {"execute", "fetch", "fetchval", "fetchrow"}:
            return method

        async def timed(sql: str, *arguments: Any, **more: Any) -> Any:
            began = time.monotonic()
            try:
                return await method(sql, *arguments, **more)
            finally:
                self.seconds[_NAMES.get(sql, "other")] += time.monotonic() - began

        return timed

    def of(self, part: str) -> float:
        """Give the seconds of one part's statements."""
        return sum(spent for name, spent in self.seconds.items() if name.startswith(f"{part}."))


class Measured:
    """The parts of annul that are measured, on one database."""

    def __init__(self, pool: asyncpg.Pool, path: Path) -> None:
        self._pool = pool
        self._path = path
        self._clock = HeldClock(MORNING, tick=timedelta(microseconds=1))
        self._clearing = Clearing(pool, CALENDAR, self._clock, USUAL)

    async def load(self) -> tuple[UUID, dict[str, Any]]:
        """Read the file into what is staged."""
        loader = Loader(self._pool, Vault(bytes(32)), self._clock)
        with self._path.open("rb") as stream:
            hashing = Hashing(stream)
            described = Described(self._path.name, "COM", DAY)
            read = ahead(chunks(cast("BinaryIO", hashing), "COM", DAY))
            staged = await loader.stage(described, read, hashing.digest, "li")
        return staged.id, {"rows": staged.rows, "bad": staged.bad}

    async def preview(self, file: UUID) -> dict[str, Any]:
        """Look at what a commit would do."""
        await self._clearing.preview(file)
        return {}

    async def commit(self, file: UUID) -> dict[str, Any]:
        """Let it count."""
        async with self._pool.acquire() as connection:
            timed = Timed(connection)
            async with connection.transaction():
                result = await self._clearing.commit(timed, file, "li")
        said = {"match_seconds": timed.of(_MATCH), "statements": _sorted(timed.seconds)}
        return said | {"proofs": result.proofs, "carried": result.carried}

    async def prove(self) -> dict[str, Any]:
        """Carry out, or undo, all that waits."""
        registry, journal = Registry(self._pool), Journal(self._pool)
        await registry.load()
        outcomes = Outcomes(journal, registry, CALENDAR.business_date)
        book = Book(self._pool, timedelta(minutes=15))
        proving = Proving(self._pool, book, outcomes, CALENDAR, self._clock)
        began, turns = time.monotonic(), 0
        while await proving.run():
            turns += 1
        spent = time.monotonic() - began
        await journal.close()
        return {"turns": turns, "proving_seconds": spent}

    async def discard(self, file: UUID) -> dict[str, Any]:
        """Let it count no longer."""
        async with self._pool.acquire() as connection:
            timed = Timed(connection)
            async with connection.transaction():
                await self._clearing.discard(timed, file, "wang", "measured")
        return {"statements": _sorted(timed.seconds)}


def _sorted(seconds: dict[str, float]) -> dict[str, float]:
    ordered = sorted(seconds.items(), key=lambda one: -one[1])
    return {name: round(spent, 2) for name, spent in ordered if spent >= 0.01}


def _peak_mb() -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return round(int(status.split("VmHWM:")[1].split()[0]) / 1024)


class _Step:
    """One step: its seconds, and those that the processors had for this process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._began, self._cpu = time.monotonic(), time.process_time()

    def say(self, found: dict[str, Any]) -> None:
        """Tell of its end, and wait until somebody has looked at the books."""
        said = {
            "step": self._name,
            "seconds": time.monotonic() - self._began,
            "own_cpu": time.process_time() - self._cpu,
            "peak_mb": _peak_mb(),
        }
        print(json.dumps(said | found), flush=True)
        sys.stdin.readline()


async def _main(url: str, path: str) -> None:
    pool = await connect(url)
    measured = Measured(pool, Path(path))
    step = _Step("load")
    file, found = await measured.load()
    step.say(found)
    for name, done in (("preview", measured.preview), ("commit", measured.commit)):
        step = _Step(name)
        step.say(await done(file))
    for name in ("prove", "discard", "undo"):
        step = _Step(name)
        step.say(await (measured.discard(file) if name == "discard" else measured.prove()))
    await pool.close()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
