"""Files of the bank are read: each line is kept first, and then has its effect once.

A file is known by its content, so one that is sent again, under whatever name, is not read again.
Whoever comes after a process that was killed goes on with the lines that have had no effect yet.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.domain.incident import Incident
from annul.domain.payouts import BankSaid, mark_of
from annul.store import incidents
from annul.store.clock import Clock
from annul.store.incidents import OPEN_RAISED
from annul.store.posting import PARTS
from annul.store.sql import load

from .bank.read import read
from .bank.rows import BankRow
from .bank.values import bare, told
from .payouts import SQL as _PAYOUTS

SQL: Final = load(
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
_GIVES_BACK: Final = frozenset({BankSaid.REJECTED, BankSaid.RETURNED})
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
    """Reads what banks send about payouts; `house` gives the number of the account they are of."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        calendar: Calendar,
        clock: Clock,
        cell: str = "",
        house: Callable[[], str] | None = None,
    ) -> None:
        self._pool = pool
        self._calendar = calendar
        self._clock = clock
        self._mark = mark_of(cell)
        self._house = house

    async def read(
        self,
        content: bytes,
        name: str,
        who: str,
        told: Callable[[int], None] | None = None,
        *,
        by_person: bool = False,
    ) -> ReadFile:
        """Read a file and let it have its effect; `told` is called with lines as they are done.

        Of one that a person or program gave, what would give money back waits until another person
        confirms it: a line written by hand is enough to be paid twice.

        Raises `FileUnreadable`, and `AlreadyRead` unless it was left unfinished.
        """
        digest = hashlib.sha256(content).digest()
        identity = await self._keep(content, name, digest, who, waits=by_person)
        return await self.go_on(identity, told)

    async def finish(self) -> int:
        """Go on with files whose process has ended; gives how many there were."""
        rows = await self._pool.fetch(*SQL["unfinished"]())
        for row in rows:
            await self.go_on(row["id"])
        return len(rows)

    async def go_on(self, identity: UUID, told: Callable[[int], None] | None = None) -> ReadFile:
        """Let the lines of a file that is kept have their effect, as far as they had none."""
        outcomes = Counter[str]()
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(*SQL["hold"](file=identity))
            last = await connection.fetchval(*SQL["last_line"](file=identity))
            rows = await connection.fetch(*SQL["of_groups"](file=identity, last=last))
            names = [row["name"] for row in rows]
            differ = [Incident.of("bank_sum_differs", "", name, name=name) for name in names]
            await connection.execute(*incidents.opening(differ, self._clock.now()))
        while True:
            now = self._clock.now()
            day = self._calendar.business_date(now)
            rows = await self._pool.fetch(
                *SQL["apply"](
                    file=identity, most=_MOST, mark=self._mark, business_date=day, now=now
                )
            )
            if not rows:
                await self._pool.execute(*SQL["applied"](file=identity, now=now))
                return ReadFile(identity, outcomes.total(), dict(outcomes))
            outcomes.update({row["outcome"]: row["lines"] for row in rows})
            if told is not None:
                told(sum(row["lines"] for row in rows))

    async def _keep(
        self, content: bytes, name: str, digest: bytes, who: str, *, waits: bool = False
    ) -> UUID:
        """Keep all lines of a file, or none; one that was left unfinished is kept already."""
        if (known := await _known(self._pool, digest)) is not None:
            return known
        name = told(name)  # banks name files by accounts
        found = await asyncio.to_thread(read, content, name)
        identity, rows, now = uuid7(), found.rows, self._clock.now()
        house = await asyncio.to_thread(self._own, rows)
        async with self._pool.acquire() as connection, connection.transaction():
            kept = await connection.fetchval(
                *SQL["keep"](
                    id=identity,
                    name=name,
                    format=found.format,
                    digest=digest,
                    rows=len(rows),
                    who=who,
                    now=now,
                    waits=waits and any(row.said in _GIVES_BACK for row in rows),
                )
            )
            if kept is None:  # another process was faster
                return await _known(connection, digest) or identity
            for start in range(0, len(rows), _AT_ONCE):
                await _copy(connection, identity, rows[start : start + _AT_ONCE], house)
            if any(_meant(row, "") != _meant(row, house) for row in rows if _other(row, house)):
                one = Incident.of("bank_other_account", "", name, name=name)
                await connection.execute(*incidents.opening([one], now))
        return identity

    def _own(self, rows: Sequence[BankRow]) -> str:
        """Give the house's account if there is something to compare it with."""
        if self._house is None or not any(row.account for row in rows):
            return ""
        return bare(self._house())


async def _known(connection: Any, digest: bytes) -> UUID | None:
    """Give the file of this content if it was left unfinished; raises `AlreadyRead`."""
    known = await connection.fetchrow(*SQL["known"](digest=digest))
    if known is not None and known["applied_at"] is not None:
        message = f"it was read as {known['name']} at {known['read_at']:%Y-%m-%d %H:%M} UTC"
        raise AlreadyRead(message)
    return known and known["id"]


async def _copy(connection: Any, identity: UUID, rows: Iterable[BankRow], house: str) -> None:
    records = [
        (
            identity,
            row.line,
            row.said.value,
            row.reference,
            *_meant(row, house),
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


def _meant(row: BankRow, house: str) -> tuple[UUID | None, UUID | None]:
    """Give the payout and the file of ours that a row may mean.

    On another account a reference of ours is money that arrived there, not what came back.
    """
    return (None, None) if _other(row, house) else (_ours(row.reference), _ours(row.message))


def _other(row: BankRow, house: str) -> bool:
    is_number = any(digit.isdigit() for digit in row.account)  # some banks write a name there
    return bool(house) and is_number and row.account != house


def _ours(reference: str) -> UUID | None:
    """Give the id that a reference of ours is; other companies' payments have others."""
    if len(reference) != _HEX:
        return None
    try:
        return UUID(hex=reference)
    except ValueError:
        return None
