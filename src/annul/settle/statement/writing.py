"""Writes a statement into a file, whole or not at all, however large: a piece at a time."""

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Protocol

import asyncpg

from annul.domain.errors import AnnulError

from . import reading
from .csv_file import CsvFile
from .model import DoesNotAddUp, Period, Statement, Sums
from .sections import Cell, Spoken, facts, line, net_of_lines, payouts_of_days


class AlreadyWriting(AnnulError):
    """Another process is writing this file; nothing was changed."""

    code = "statement.busy"
    next_step = "Wait for it, or give another file."


class _Writer(Protocol):
    def add(self, rows: Iterable[Sequence[Cell]]) -> None: ...
    def close(self) -> None: ...
    def drop(self) -> None: ...


def _pdf(*given: Any) -> _Writer:
    from .pdf import PdfFile  # what lays pages out is heavy

    return PdfFile(*given)


def _book(*given: Any) -> _Writer:
    from .workbook import BookFile

    return BookFile(*given)


class Format(NamedTuple):
    """A kind of file: its media type, and what writes it."""

    media: str
    writer: Callable[[IO[bytes], Statement, Spoken], _Writer]


FORMATS: Final[Mapping[str, Format]] = {
    "pdf": Format("application/pdf", _pdf),
    "xlsx": Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _book),
    "csv": Format("text/csv; charset=utf-8", CsvFile),
}


class Asked(NamedTuple):
    """Whose statement of which period, in which form; `now` is as of when payouts are told."""

    merchant_id: str
    period: Period
    format: str
    spoken: Spoken
    now: datetime


async def write(
    pool: asyncpg.Pool,
    asked: Asked,
    file: IO[bytes],
    told: Callable[[int, int, int], None] | None = None,
) -> dict[str, Any]:
    """Write it, and give its sums; `told` hears of days done, of how many, and of transactions.

    Raises `NoMerchant`, `NotClosed`, and `DoesNotAddUp` where a day's transactions are not its sum.
    """
    statement = await reading.read(pool, asked.merchant_id, asked.period, asked.now)
    writer = await asyncio.to_thread(FORMATS[asked.format].writer, file, statement, asked.spoken)
    try:
        written = await _transactions(pool, statement, writer, told)
        await asyncio.to_thread(writer.close)
    except BaseException:
        writer.drop()
        raise
    return facts(statement, written)


async def _transactions(
    pool: asyncpg.Pool,
    statement: Statement,
    writer: _Writer,
    told: Callable[[int, int, int], None] | None,
) -> int:
    """Write those of each day, held against what was counted of it; gives how many there are."""
    payouts, written = payouts_of_days(statement), 0
    days: dict[date, Sums] = {}
    for day in statement.days:
        days.setdefault(day.business_date, {})[day.currency] = day.net
    for done, (day, net) in enumerate(days.items()):
        sums = dict.fromkeys(net, 0)
        async for found in reading.lines(pool, statement.merchant_id, day):
            for currency, amount in net_of_lines(found).items():
                sums[currency] = sums.get(currency, 0) + amount
            rows = [line(one, payouts.get((day, one.currency))) for one in found]
            await asyncio.to_thread(writer.add, rows)
            written += len(rows)
            if told is not None:
                told(done, len(days), written)
        if sums != net:
            message = f"{day}: transactions come to {sums}, the day to {net}"
            raise DoesNotAddUp(message)
        if told is not None:
            told(done + 1, len(days), written)
    return written


@contextmanager
def placed(path: Path) -> Iterator[IO[bytes]]:
    """Give a file that stands at its place once it is whole, and beside it until then.

    What a process left that was killed is written anew. Raises `AlreadyWriting`.
    """
    part = path.with_name(f"{path.name}.part")
    with part.open("ab") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # It may have been moved to its place since it was opened.
            mine = os.fstat(held.fileno()).st_ino == part.stat().st_ino
        except (BlockingIOError, FileNotFoundError):
            mine = False
        if not mine:
            message = f"{path} is being written"
            raise AlreadyWriting(message)
        try:
            with part.open("w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
