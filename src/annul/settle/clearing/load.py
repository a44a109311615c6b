"""A clearing file is read into rows that are staged: looked at, then committed or dropped.

A file of any size: it is read piece by piece, and never kept as it came, since cards stand in it in
clear. Of a card stays what it is matched by (a keyed hash) and what may be shown.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO, Final, NamedTuple
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.errors import AnnulError
from annul.security.vault import Vault
from annul.store.clock import Clock
from annul.store.sql import load
from annul.wire.masking import scan

from .copying import FORM, Copying
from .patient import Patient
from .rows import BadLine, Chunk, ClearingUnreadable

SQL: Final = load("annul.settle.clearing", "files.sql")
_LEFT: Final = timedelta(hours=6)  # a file that is still being read then was left by its process
MANY: Final = 10_000  # rows from which a file changes what the planner knows of its tables
MOST_BAD: Final = 1_000  # bad lines that are kept; all are counted


class AlreadyThere(AnnulError):
    """This clearing file was read before. Nothing has changed."""

    code = "clearing.already_read"
    next_step = "Look at it in the list of files; to read it once more, discard or drop it first."


class NameTaken(AnnulError):
    """Another clearing file of this name was read before, with other content."""

    code = "clearing.name_taken"
    next_step = "If this one is meant as well, read it again and say so (again)."


class NothingIn(ClearingUnreadable):
    """No line of this clearing file is a row. Nothing of it was kept."""

    code = "clearing.no_rows"
    next_step = (
        "Look at the line that is named; choose the layout or the columns, or ask for it again."
    )


class Described(NamedTuple):
    """What a file is: name, layout, issuers that it tells of (none: all), and up to which day."""

    name: str
    layout: str
    settles_on: date
    issuers: tuple[str, ...] = ()


class Staged(NamedTuple):
    """A file that was read: rows, bad lines, and the first of these."""

    id: UUID
    rows: int
    bad: int
    bad_lines: tuple[BadLine, ...]


class Hashing:
    """A stream that is read through: the hash of what has passed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read as the stream does."""
        piece = self._stream.read(size)
        self._hash.update(piece)
        return piece

    def digest(self) -> bytes:
        """Give the hash of all that was read."""
        return self._hash.digest()


async def ahead(chunks: Iterator[Chunk]) -> AsyncIterator[Chunk]:
    """Give chunks, each read in a thread while the one before is staged: nothing else waits."""
    reading = asyncio.create_task(asyncio.to_thread(next, chunks, None))
    try:
        while (chunk := await reading) is not None:
            reading = asyncio.create_task(asyncio.to_thread(next, chunks, None))
            yield chunk
    finally:
        # A thread cannot be stopped: whoever closes the stream does so after it.
        await asyncio.wait([reading])


class Loader:
    """Reads files into `clearing_staged` of one cell."""

    def __init__(self, pool: asyncpg.Pool, vault: Vault, clock: Clock) -> None:
        self._pool = pool
        self._vault = vault
        self._clock = clock

    async def stage(
        self,
        described: Described,
        chunks: AsyncIterator[Chunk],
        digest: Callable[[], bytes],
        who: str,
        *,
        again: bool = False,
        begun: tuple[UUID, datetime] | None = None,
    ) -> Staged:
        """Stage what `chunks` gives; `digest` is asked once they have ended.

        `begun`: number and time of a file of which other cells have rows as well.
        Raises `AlreadyThere`, `NameTaken` unless `again`, `NothingIn`, and what `chunks` raises;
        then nothing is left.
        """
        file, now = begun or (uuid7(), self._clock.now())
        named = described._replace(name=scan(described.name.strip())[:200])
        await self._pool.execute(
            *SQL["begin"](
                id=file,
                name=named.name,
                layout=named.layout,
                issuers=list(named.issuers),
                settles_on=named.settles_on,
                who=who,
                now=now,
            )
        )
        try:
            return await self._staged(file, named, chunks, digest, again=again)
        except BaseException:
            await self._forget(file)
            raise

    async def _staged(
        self,
        file: UUID,
        described: Described,
        chunks: AsyncIterator[Chunk],
        digest: Callable[[], bytes],
        *,
        again: bool,
    ) -> Staged:
        rows = bad = 0
        shown: list[BadLine] = []
        copying = Copying(self._vault, file)
        async for chunk in chunks:
            async with self._pool.acquire() as connection:
                source = _piece(copying.lines(chunk.rows))
                await connection.copy_to_table("clearing_staged", source=source, **FORM)
            shown += chunk.bad[: max(0, MOST_BAD - len(shown))]
            rows, bad = rows + len(chunk.rows), bad + len(chunk.bad)
        if not rows:
            message = f"{described.name}: {shown[0].reason.en if shown else 'it is empty'}"
            raise NothingIn(message)
        hashed = digest()
        await self._asked_about(described.name, hashed, again=again)
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                staged = SQL["staged"](file=file, digest=hashed, rows=rows, bad=bad)
                await connection.fetchval(*staged)
                await connection.execute(*_bad_lines(file, shown))
        except asyncpg.UniqueViolationError:
            raise AlreadyThere from None
        if rows >= MANY:
            await Patient(self._pool).execute(*SQL["count"]())
        return Staged(file, rows, bad, tuple(shown))

    async def _asked_about(self, name: str, digest: bytes, *, again: bool) -> None:
        same = await self._pool.fetchrow(*SQL["same"](digest=digest))
        if same is not None:
            message = f"it was read as {same['name']} at {same['read_at']:%Y-%m-%d %H:%M} UTC"
            raise AlreadyThere(message)
        if not again and await self._pool.fetchrow(*SQL["namesake"](name=name)) is not None:
            message = f"another clearing file is called {name}: it was read before"
            raise NameTaken(message)

    async def _forget(self, file: UUID) -> None:
        """Leave nothing of a file that was not read to its end."""
        async with self._pool.acquire() as connection, connection.transaction():
            patient = Patient(connection)
            await patient.execute(*SQL["unstage"](file=file))
            await patient.execute(*SQL["forget"](file=file))

    async def drop(self, file: UUID, who: str, reason: str) -> bool:
        """Forget a file that does not count; False when it counts, or is forgotten already."""
        now = self._clock.now()
        dropped = await self._pool.fetchval(
            *SQL["drop"](file=file, who=who, reason=reason, now=now)
        )
        if dropped is not None:
            await Patient(self._pool).execute(*SQL["unstage"](file=file))
        return dropped is not None

    async def tidy(self, now: datetime) -> int:
        """Remove what processes left that were killed; gives of how many files."""
        rows = await self._pool.fetch(*SQL["left"](before=now - _LEFT))
        for row in rows:
            if row["state"] == "loading":
                await self._forget(row["id"])
            else:
                await Patient(self._pool).execute(*SQL["unstage"](file=row["id"]))
        return len(rows)


async def _piece(lines: bytes) -> AsyncIterator[bytes]:
    # A file in memory would be read in threads, each with room of its own.
    yield lines


def _bad_lines(file: UUID, lines: list[BadLine]) -> tuple[Any, ...]:
    return SQL["bad_lines"](
        file=file,
        lines=[one.line for one in lines],
        zh=[one.reason.zh for one in lines],
        en=[one.reason.en for one in lines],
        texts=[one.text for one in lines],
    )
