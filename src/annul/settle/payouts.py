"""Payouts are made of what merchants have available, by schedule or as somebody asks for it.

Each step finds by itself what is left of its work: whoever comes after a process that was killed
goes on from there, and two of them do nothing twice.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

import asyncpg
import structlog

from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.domain.payouts import mark_of
from annul.security.errors import UnusableKey
from annul.security.vault import Vault
from annul.store.clock import Clock
from annul.store.incidents import OPEN_RAISED
from annul.store.posting import PARTS
from annul.store.sql import load

from .accounts import about
from .bank.pain001 import write_pain001
from .bank.rows import Order, OrderUnfit, Transfer
from .bank.table import write_csv
from .house_bank import HouseBank

log = structlog.get_logger(__name__)

SQL: Final = load("annul.settle", "payouts.sql", open_raised=OPEN_RAISED, **PARTS)
_LEASE: Final = timedelta(minutes=10)
_MOST: Final = 500  # merchants whose balances are held at once
_PER_FILE: Final = 10_000  # payouts
_WRITERS: Final = {"pain.001": (write_pain001, "xml"), "csv": (write_csv, "csv")}
_FILE_IDS: Final = UUID("6f7d9a3e-5b21-4f0c-9a57-2b7f3f0f8d11")
_TEXT: Final = "POS settlement"


class Made(NamedTuple):
    """What a run has done; `held` of those that were made wait for a second person."""

    made: int
    held: int
    files: int


class Payouts:
    """Makes payouts and puts them into files; `house` is whom the files are for."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        calendar: Calendar,
        clock: Clock,
        house: HouseBank,
        vault: Vault,
        cell: str = "",
    ) -> None:
        self._pool = pool
        self._calendar = calendar
        self._clock = clock
        self._house = house
        self._vault = vault
        self._mark = mark_of(cell)

    async def due(self) -> Made | None:
        """Make what the schedule wants; None where nothing is due, or another process does it.

        What was approved or made anew since goes into a file at the next time of the schedule.
        """
        now = self._clock.now()
        slot = self._house.last_time(now, self._calendar.zone)
        return await self._in_turn(now, "", slot)

    async def run(self, who: str, told: Callable[[str, int], None] | None = None) -> Made | None:
        """Make payouts right now, for somebody; None while another process does it.

        `told` is called with what was done of each step, as it goes on.
        """
        return await self._in_turn(self._clock.now(), who, None, told)

    async def _in_turn(
        self,
        now: datetime,
        who: str,
        slot: datetime | None,
        told: Callable[[str, int], None] | None = None,
    ) -> Made | None:
        until = now + _LEASE
        before = await self._pool.fetchval(*SQL["claim"](now=now, until=until, slot=slot))
        if before is None:
            return None
        try:
            if before:
                return None
            await self._give_up(now, "its account is not used any more")
            made, held = await self._make(now, who, told)
            files = await self._file(now, told)
            if slot is not None:
                await self._pool.execute(*SQL["made_to"](slot=slot, now=now))
            return Made(made, held, files)
        finally:
            await self._pool.execute(*SQL["release"](until=until))

    async def _make(
        self, now: datetime, who: str, told: Callable[[str, int], None] | None
    ) -> tuple[int, int]:
        after, made, held = "", 0, 0
        day = self._calendar.business_date(now)
        while True:
            async with self._pool.acquire() as connection, connection.transaction():
                rows = await connection.fetch(
                    *SQL["lock_payable"](after=after, most=_MOST, business_date=day)
                )
                done = await connection.fetchrow(*self._made_of(rows, now, who))
            assert done is not None  # sums always give a row
            made, held = made + done["made"], held + done["held"]
            if told is not None and done["made"]:
                told("made", done["made"])
            if len(rows) < _MOST:
                return made, held
            after = rows[-1]["merchant_id"]

    def _made_of(self, rows: list[Any], now: datetime, who: str) -> tuple[Any, ...]:
        """Give the statement that pays merchants whose balances are held."""
        return SQL["make"](
            merchants=[row["merchant_id"] for row in rows],
            currencies=[row["currency"] for row in rows],
            accounts=[row["account_id"] for row in rows],
            mark=self._mark,
            who=who,
            second_person_from=self._house.second_person_from,
            run_on=self._calendar.local(now).date(),
            business_date=self._calendar.business_date(now),
            now=now,
        )

    async def _file(self, now: datetime, told: Callable[[str, int], None] | None) -> int:
        files, failed = 0, list[AnnulError]()
        for row in await self._pool.fetch(*SQL["currencies"]()):
            try:
                while count := await self._next_file(row["currency"], now):
                    files += 1
                    if told is not None:
                        told("filed", count)
            except AnnulError as error:  # the other currencies go all the same
                log.warning("payouts_not_filed", currency=row["currency"], why=str(error))
                failed.append(error)
        if failed:
            raise failed[0]
        return files

    async def _next_file(self, currency: str, now: datetime) -> int:
        """Put the next payouts into a file, without those that no file can have."""
        while True:
            try:
                return await self._one_file(currency, now)
            except OrderUnfit as error:
                if not error.reference:
                    raise
                log.warning("payout_unfit", payout=error.reference, why=str(error))
                await self._give_up(now, str(error), UUID(error.reference))

    async def _give_up(self, now: datetime, reason: str, unfit: UUID | None = None) -> None:
        day = self._calendar.business_date(now)
        await self._pool.execute(
            *SQL["give_up"](unfit=unfit, reason=reason, business_date=day, now=now)
        )

    async def _one_file(self, currency: str, now: datetime) -> int:
        """Put the next payouts into a file: both are written, or neither; gives how many."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(*SQL["to_file"](currency=currency, most=_PER_FILE))
            if not rows:
                return 0
            # Named by what is in it: put together once more, it is the same file for the bank.
            digest = hashlib.sha256(b"".join(row["id"].bytes for row in rows)).hexdigest()
            identity = uuid5(_FILE_IDS, digest)
            order = self._order(identity, currency, now, rows)
            write, suffix = _WRITERS[self._house.format]
            content = await asyncio.to_thread(write, order)
            await connection.execute(
                *SQL["filed"](
                    file=identity,
                    name=f"annul-{now:%Y%m%d}-{currency}-{identity.hex[:12]}.{suffix}",
                    format=self._house.format,
                    currency=currency,
                    total=sum(row["amount"] for row in rows),
                    sealed=self._vault.seal_file(content, identity.bytes),
                    digest=hashlib.sha256(content).digest(),
                    ids=[row["id"] for row in rows],
                    merchants=list({row["merchant_id"] for row in rows}),
                    now=now,
                )
            )
            return len(rows)

    def _order(self, identity: UUID, currency: str, now: datetime, rows: list[Any]) -> Order:
        return Order(
            message=identity.hex,
            made_at=now,
            execute_on=self._calendar.local(now).date(),
            currency=currency,
            debtor=self._house.name,
            debtor_account=self._house.number(),
            debtor_bank=self._house.bank,
            transfers=tuple(
                Transfer(
                    reference=row["id"].hex,
                    amount=row["amount"],
                    holder=row["holder"],
                    account=self._opened(row, currency),
                    bank=row["bank"],
                    text=_TEXT,
                )
                for row in rows
            ),
        )

    def _opened(self, row: Any, currency: str) -> str:
        """Open an account's number; raises `OrderUnfit` for one that was not sealed as this one."""
        place = (row["merchant_id"], row["account_id"], currency, row["bank"], row["holder"])
        try:
            return self._vault.open_file(row["sealed"], about(*place)).decode()
        except UnusableKey as error:
            raise OrderUnfit("its account does not open here", row["id"].hex) from error
