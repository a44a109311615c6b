"""Files of the bank are read: each line is kept first, and then has its effect once.

A file is known by its content, so one that is sent again, under whatever name, is not read again.
Whoever comes after a process that was killed goes on with the lines that have had no effect yet.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.domain.incident import Incident
from annul.domain.payouts import mark_of
from annul.store import incidents
from annul.store.clock import Clock
from annul.store.incidents import OPEN_RAISED
from annul.store.posting import PARTS
from annul.store.sql import load

from .bank.read import read
from .bank.rows import BankRow
from .payouts import SQL as _PAYOUTS

_SQL: Final = load(
    "annul.settle",
    "answers.sql",
    open_raised=OPEN_RAISED,
    **PARTS,
    **{name: _PAYOUTS[name].sql for name in ("come_back", "tell")},
)
_MOST: Final = 1_000  # lines in one statement
_COLUMNS: Final = (
    "file_id", "line", "said", "reference", "payout", "message", "currency", "amount", "code",
    "text", "bank_ref", "booked_on",
)  # fmt: skip
_AT_ONCE: Final = 10_000  # lines that are copied in one go
_HEX: Final = 32  # digits of a payout's id


class AlreadyRead(AnnulError):
    """This file was read before. Nothing has changed."""

    code = "settle.already_read"
    next_step = "Nothing is to be done; what it said has had its effect."


class ReadFile(NamedTuple):
    """What came of a file: its lines by outcome."""

    id: UUID
    lines: int
    outcomes: dict[str, int]


class Answers:
    """Reads what banks send about payouts."""

    def __init__(
        self, pool: asyncpg.Pool, calendar: Calendar, clock: Clock, cell: str = ""
    ) -> None:
        self._pool = pool
        self._calendar = calendar
        self._clock = clock
        self._mark = mark_of(cell)

    async def read(
        self, content: bytes, name: str, who: str, told: Callable[[int], None] | None = None
    ) -> ReadFile:
        """Read a file and let it have its effect; `told` is called with lines as they are done.

        Raises `FileUnreadable`, and `AlreadyRead` unless it was left unfinished.
        """
        digest = hashlib.sha256(content).digest()
        identity = await self._keep(content, name, digest, who)
        return await self.go_on(identity, told)

    async def finish(self) -> int:
        """Go on with files whose process has ended; gives how many there were."""
        rows = await self._pool.fetch(*_SQL["unfinished"]())
        for row in rows:
            await self.go_on(row["id"])
        return len(rows)

    async def go_on(self, identity: UUID, told: Callable[[int], None] | None = None) -> ReadFile:
        """Let the lines of a file that is kept have their effect, as far as they had none."""
        outcomes = Counter[str]()
        async with self._pool.acquire() as connection, connection.transaction():
            last = await connection.fetchval(*_SQL["last_line"](file=identity))
            rows = await connection.fetch(*_SQL["of_groups"](file=identity, last=last))
            names = [row["name"] for row in rows]
            differ = [Incident.of("bank_sum_differs", "", name, name=name) for name in names]
            await connection.execute(*incidents.opening(differ, self._clock.now()))
        while True:
            now = self._clock.now()
            day = self._calendar.business_date(now)
            rows = await self._pool.fetch(
                *_SQL["apply"](
                    file=identity, most=_MOST, mark=self._mark, business_date=day, now=now
                )
            )
            if not rows:
                await self._pool.execute(*_SQL["applied"](file=identity, now=now))
                return ReadFile(identity, outcomes.total(), dict(outcomes))
            outcomes.update({row["outcome"]: row["lines"] for row in rows})
            if told is not None:
                told(sum(row["lines"] for row in rows))

    async def _keep(self, content: bytes, name: str, digest: bytes, who: str) -> UUID:
        """Keep all lines of a file, or none."""
        known = await self._pool.fetchrow(*_SQL["known"](digest=digest))
        if known is not None:
            message = f"it was read as {known['name']} at {known['read_at']:%Y-%m-%d %H:%M} UTC"
            raise AlreadyRead(message)
        found = await asyncio.to_thread(read, content, name)
        identity, rows, now = uuid7(), list(found.rows), self._clock.now()
        async with self._pool.acquire() as connection, connection.transaction():
            kept = await connection.fetchval(
                *_SQL["keep"](
                    id=identity,
                    name=name,
                    format=found.format,
                    digest=digest,
                    rows=len(rows),
                    who=who,
                    now=now,
                )
            )
            if kept is None:  # by another process, just now
                raise AlreadyRead
            for start in range(0, len(rows), _AT_ONCE):
                await _copy(connection, identity, rows[start : start + _AT_ONCE])
        return identity


async def _copy(connection: Any, identity: UUID, rows: Iterable[BankRow]) -> None:
    records = [
        (
            identity,
            row.line,
            row.said.value,
            row.reference,
            _ours(row.reference),
            _ours(row.message),
            row.currency,
            row.amount,
            row.code,
            row.text,
            row.bank_ref,
            row.booked_on,
        )
        for row in rows
    ]
    await connection.copy_records_to_table("bank_rows", records=records, columns=_COLUMNS)


def _ours(reference: str) -> UUID | None:
    """Give the id that a reference of ours is; other companies' payments have others."""
    if len(reference) != _HEX:
        return None
    try:
        return UUID(hex=reference)
    except ValueError:
        return None
