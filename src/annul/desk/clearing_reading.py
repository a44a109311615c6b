"""A clearing file on its way in: recognised, read beside the loop, split among merchants' cells."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from typing import Any, BinaryIO, Final, NamedTuple, Protocol, cast
from uuid import UUID

from uuid_utils.compat import uuid7

from annul.domain.errors import AnnulError
from annul.domain.text import Text
from annul.settle.clearing.columns import ColumnMap, missing
from annul.settle.clearing.load import Described, Hashing, Loader, NothingIn, Staged
from annul.settle.clearing.read import CSV, HEAD, XLSX, chunks, look_at, recognise
from annul.settle.clearing.rows import BadLine, Chunk, ClearingRow, ClearingUnreadable
from annul.settle.clearing.table import Look
from annul.store.sql import load

from . import over_cells
from .desk import Desk

SQL: Final = load("annul.desk", "clearing.sql")
_WAITING: Final = 2  # chunks that a cell may be behind
_HELD: Final = 100_000  # bad lines before any row
_ALL: Final = 2**62  # bytes: a spreadsheet is looked at whole; its reader refuses one too large
_DATES: Final = (
    re.compile(r"(?<!\d)(?P<year>20\d\d)[-_.]?(?P<month>\d\d)[-_.]?(?P<day>\d\d)(?!\d)"),
    re.compile(r"IN[A-Z](?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d)\d\d"),
)


class DayNeeded(AnnulError):
    """Neither the rows nor the name of this clearing file say of which day it is."""

    code = "clearing.day_needed"
    next_step = "Say up to which business day it tells (day), and read it again."


class MapNeeded(ClearingUnreadable):
    """What the columns of this table mean cannot be guessed whole. Nothing of it was kept."""

    code = "clearing.map_needed"
    next_step = "Declare what is named in a map of its columns, and read it again."

    def __init__(self, look: Look, lacking: tuple[Text, ...]) -> None:
        """Take what the table looks like, and what must be declared."""
        super().__init__("; ".join(text.en for text in lacking))
        self.look = look
        self.lacking = lacking


class Readable(Protocol):
    """What gives a file piece by piece; nothing at its end. It is read in a thread."""

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes."""
        ...


class Taken(NamedTuple):
    """A file that was read: as in `Staged`; how it was read, up to which day, and in which cells.

    `columns` where it is a table. `wrong`: its own sums are not those of its rows. Breaks and
    proofs come once it is committed.
    """

    id: UUID
    rows: int
    bad: int
    bad_lines: tuple[BadLine, ...]
    name: str
    layout: str
    settles_on: date
    columns: ColumnMap | None
    cells: tuple[str, ...]
    wrong: Text | None = None


class Source:
    """A stream that gives as much as is asked for, that can be looked into, and that is hashed."""

    def __init__(self, stream: Readable) -> None:
        self._through = Hashing(cast("BinaryIO", stream))
        self._ahead = b""

    def peek(self, size: int) -> bytes:
        """Give the next bytes without taking them."""
        self._ahead = self.read(size)
        return self._ahead

    def read(self, size: int = -1) -> bytes:
        """Take `size` bytes, fewer at the end only; all of them without a size."""
        wanted = _ALL if size < 0 else size
        head, self._ahead = self._ahead[:wanted], self._ahead[wanted:]
        pieces, left = [head], wanted - len(head)
        while left and (piece := self._through.read(min(left, 1024 * 1024))):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def digest(self) -> bytes:
        """Give the hash of all that was taken."""
        return self._through.digest()


def look(source: Source, name: str, layout: str = "") -> tuple[str, Look | None]:
    """Say which form a file has; of a table also what it looks like. Takes nothing of it.

    Raises `ClearingUnreadable`.
    """
    first = source.peek(HEAD)
    form = layout or recognise(first, name)
    if form not in {CSV, XLSX}:
        return form, None
    return form, look_at(BytesIO(source.peek(_ALL) if form == XLSX else first))


def form_of(
    source: Source, name: str, layout: str, columns: ColumnMap | None
) -> tuple[str, ColumnMap | None]:
    """Say how a file is read; raises `ClearingUnreadable` and `MapNeeded`."""
    if columns is not None:
        return XLSX if recognise(source.peek(HEAD), name) == XLSX else CSV, columns
    form, seen = look(source, name, layout)
    if seen is None:
        return form, None
    if lacking := missing(seen.columns):
        raise MapNeeded(seen, lacking)
    return form, seen.columns


def day_in(name: str) -> date | None:
    """Give the day that a file's name speaks of."""
    for pattern in _DATES:
        if found := pattern.search(name):
            year = int(found["year"]) % 100 + 2000
            try:
                return date(year, int(found["month"]), int(found["day"]))
            except ValueError:
                continue
    return None


@asynccontextmanager
async def beside() -> AsyncIterator[Callable[..., asyncio.Future[Any]]]:
    """Give what runs things in a thread of its own: a slow upload holds up no other work."""
    loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, "clearing")
    try:
        yield lambda work, *given: loop.run_in_executor(thread, work, *given)
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


async def _read(
    run: Callable[..., asyncio.Future[Any]], source: Source, form: str | ColumnMap, today: date
) -> AsyncIterator[Chunk]:
    """Give the chunks of a file, of which the next one is read while one is worked on."""
    pieces: Iterator[Chunk] = await run(chunks, source, form, today)
    ahead = run(next, pieces, None)
    try:
        while (chunk := await ahead) is not None:
            ahead = run(next, pieces, None)
            yield chunk
    finally:
        ahead.cancel()


@dataclass(slots=True)
class Incoming:
    """One file that is split among the cells of its merchants, under one number."""

    desk: Desk
    described: Described
    source: Source
    who: str
    again: bool
    begun: tuple[UUID, datetime]
    told: Callable[[int], None] | None
    homes: Callable[[Desk, list[str]], Awaitable[dict[str, Desk]]]  # where merchants live
    _homes: dict[str, Desk] = field(default_factory=dict[str, Desk])
    _days: Counter[date | None] = field(default_factory=Counter[date | None])
    _bad: list[BadLine] = field(default_factory=list[BadLine])
    wrong: BadLine | None = None  # the first sum that is not that of the rows
    _lanes: dict[str, "_Lane"] = field(default_factory=dict[str, "_Lane"])

    async def run(self, read: AsyncIterator[Chunk], first: Chunk) -> list[tuple[Desk, Staged]]:
        """Stage all; raises what one cell raises, after the others have dropped theirs."""
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._take(tasks, first)
                async for chunk in read:
                    await self._take(tasks, chunk)
                self._some()
                for lane in self._lanes.values():
                    await lane.queue.put(None)
        except BaseExceptionGroup as group:
            await self._drop()
            raise _first(group) from group
        except BaseException:
            await self._drop()
            raise
        return [(lane.desk, lane.task.result()) for lane in self._lanes.values()]

    def _some(self, most: int = 0) -> None:
        """Raise `NothingIn` where no row has come, and `most` bad lines have."""
        if not self._lanes and len(self._bad) >= most:
            why = self._bad[0].reason.en if self._bad else "it has no row"
            message = f"{self.described.name}: {why}"
            raise NothingIn(message)

    def settles_on(self) -> date | None:
        """Give the day of most rows."""
        days = {day: count for day, count in self._days.items() if day is not None}
        return max(days, key=lambda day: (days[day], day)) if days else None

    async def _take(self, tasks: asyncio.TaskGroup, chunk: Chunk) -> None:
        self._days.update(row.settles_on for row in chunk.rows)
        for there, rows in (await self._split(chunk.rows)).items():
            lane = self._lanes.get(there)
            if lane is None:
                lane = self._lanes[there] = _Lane(self._at(there))
                lane.task = tasks.create_task(self._stage(lane))
            await lane.queue.put(Chunk(rows, [], 0))
        self._bad += chunk.bad
        self.wrong = self.wrong or next((one for one in chunk.bad if one.of_all), None)
        self._some(_HELD)
        if self._lanes and self._bad:
            # They are of nobody: kept once, in the first cell that has any row.
            kept, self._bad = self._bad, []
            await next(iter(self._lanes.values())).queue.put(Chunk([], kept, 0))
        if self.told is not None:
            self.told(chunk.bytes)

    def _at(self, cell: str) -> Desk:
        return next(one for one in self.desk.one_by_one if one.cell == cell)

    async def _split(self, rows: list[ClearingRow]) -> dict[str, list[ClearingRow]]:
        """Put rows to the names of their merchants' cells; what nobody serves is this one's."""
        if not rows:
            return {}
        if not self.desk.others:
            return {self.desk.cell: rows}
        asked = {row.merchant_id for row in rows} - self._homes.keys()
        if asked:
            found = await self.homes(self.desk, sorted(asked))
            self._homes.update({merchant: found.get(merchant, self.desk) for merchant in asked})
        split: dict[str, list[ClearingRow]] = {}
        for row in rows:
            split.setdefault(self._homes[row.merchant_id].cell, []).append(row)
        return split

    async def _stage(self, lane: "_Lane") -> Staged:
        loader = loader_of(lane.desk)
        begun, again = self.begun, self.again
        digest = self.source.digest
        return await loader.stage(
            self.described, lane.chunks(), digest, self.who, again=again, begun=begun
        )

    async def _drop(self) -> None:
        for lane in self._lanes.values():
            with suppress(*over_cells.NO_ANSWER):
                await loader_of(lane.desk).drop(self.begun[0], self.who, "not read to its end")


class _Lane:
    """What goes into one cell, in its order."""

    task: asyncio.Task[Staged]

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.queue: asyncio.Queue[Chunk | None] = asyncio.Queue(_WAITING)

    async def chunks(self) -> AsyncIterator[Chunk]:
        """Give what was put in, until there is no more."""
        while (chunk := await self.queue.get()) is not None:
            yield chunk


def loader_of(desk: Desk) -> Loader:
    """Give what stages files in a cell."""
    return Loader(desk.pool, desk.vault, desk.clock)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = cast("BaseExceptionGroup[BaseException]", found).exceptions[0]
    return found


async def take_in(
    desk: Desk,
    stream: Readable,
    name: str,
    who: str,
    *,
    layout: str = "",
    columns: ColumnMap | None = None,
    issuers: tuple[str, ...] = (),
    settles_on: date | None = None,
    again: bool = False,
    told: Callable[[int], None] | None = None,
    file: UUID | None = None,
) -> Taken:
    """Read a file into the cells of its merchants.

    Raises `ClearingUnreadable`, `MapNeeded`, `DayNeeded`, `AlreadyThere`, `NameTaken`, and what the
    stream raises; then nothing is left of it.
    """
    source, now = Source(stream), desk.clock.now()
    today = desk.calendar.local(now).date()
    async with beside() as run:
        form, known = await run(form_of, source, name, layout, columns)
        read = _read(run, source, known or form, today)
        first = await anext(read, Chunk([], [], 0))
        day = settles_on or _first_day(first) or day_in(name)
        if day is None:
            raise DayNeeded
        described = Described(name, form, day, issuers)
        begun = (file or uuid7(), now)
        homes = over_cells.homes
        incoming = Incoming(desk, described, source, who, again, begun, told, homes)
        done = await incoming.run(read, first)
    day = settles_on or incoming.settles_on() or day
    for there, staged in done:
        await there.pool.execute(*SQL["settles_on"](id=staged.id, day=day))
    return Taken(
        done[0][1].id,
        sum(staged.rows for _, staged in done),
        sum(staged.bad for _, staged in done),
        tuple(line for _, staged in done for line in staged.bad_lines),
        name,
        described.layout,
        day,
        known,
        tuple(there.cell for there, _ in done),
        incoming.wrong.reason if incoming.wrong else None,
    )


def _first_day(chunk: Chunk) -> date | None:
    days = Counter(row.settles_on for row in chunk.rows if row.settles_on is not None)
    return days.most_common(1)[0][0] if days else None
