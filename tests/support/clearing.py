"""A cell whose transactions an issuer tells of in its clearing files."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg

from annul.domain.business_day import Calendar
from annul.domain.fees import Fee
from annul.domain.kinds import GIVING, KINDS
from annul.domain.ledger import approval
from annul.domain.records import Transaction
from annul.domain.states import STANDING, State
from annul.domain.tolerances import BEARERS, Difference
from annul.host.outcomes import Outcomes
from annul.merchants.registry import Registry
from annul.resolve.book import Book
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.settle.clearing.again import Again, Anew
from annul.settle.clearing.commit import Clearing, Result
from annul.settle.clearing.ending import agree
from annul.settle.clearing.load import Described, Loader, Staged
from annul.settle.clearing.proving import Proving
from annul.settle.clearing.rows import BadLine, Chunk, ClearingRow
from annul.settle.clearing.rules import ClearingRules, Tolerance
from annul.sim.demo import DemoPlan, seed
from annul.store.journal import Journal
from tests.support.builders import DAY
from tests.support.clock import HeldClock
from tests.support.rows import put, put_transaction

PAN = "6200010000000007"
MORNING = datetime(2026, 11, 24, 1, tzinfo=UTC)


def row_of(transaction: Transaction, line: int = 1, **changes: Any) -> ClearingRow:
    """Give the row that agrees with a transaction, or what a test makes of it."""
    values: dict[str, Any] = {
        "line": line,
        "merchant_id": transaction.merchant_id,
        "terminal_id": transaction.terminal_id,
        "trace": transaction.trace,
        "rrn": transaction.rrn,
        "auth_code": transaction.auth_code,
        "card": PAN,
        "effect": "given_back" if transaction.kind in GIVING else "taken",
        "kind": transaction.kind,
        "amount": transaction.amount,
        "sent_at": f"{transaction.business_date:%m%d}120000",
    }
    return ClearingRow(**(values | changes))


def undone(transaction: Transaction, line: int, **changes: Any) -> ClearingRow:
    """Give the row of its reversal."""
    effect = "returned" if transaction.kind in GIVING else "reversed"
    return row_of(transaction, line, effect=effect, **changes)


@dataclass
class Cleared:
    """A database with a shop, and what works on clearing files."""

    pool: asyncpg.Pool
    clock: HeldClock
    calendar: Calendar
    outcomes: Outcomes
    rules: ClearingRules = field(default_factory=ClearingRules)
    vault: Vault = field(default_factory=lambda: Vault(bytes(32)))

    @property
    def clearing(self) -> Clearing:
        return Clearing(self.pool, self.calendar, self.clock, self.rules)

    @property
    def loader(self) -> Loader:
        return Loader(self.pool, self.vault, self.clock)

    @property
    def proving(self) -> Proving:
        book = Book(self.pool, timedelta(minutes=15))
        return Proving(self.pool, book, self.outcomes, self.calendar, self.clock)

    async def put(self, trace: int, **changes: Any) -> Transaction:
        """Put a transaction in, with the entries that its state has."""
        one = await put_transaction(self.pool, trace, **changes)
        if one.state in STANDING:
            transfers = approval(KINDS[one.kind], one.amount, Fee(one.fee, 20, 5))
            for line, moved in enumerate(transfers):
                await put(
                    self.pool,
                    "entries",
                    {
                        "merchant_id": one.merchant_id, "subject": one.id, "kind": "approval",
                        "line": line, "debit": moved.debit, "credit": moved.credit,
                        "amount": moved.amount, "currency": one.currency,
                        "business_date": one.business_date, "posted_at": one.received_at,
                    },
                )  # fmt: skip
        return one

    async def stage(
        self,
        rows: Iterable[ClearingRow],
        *,
        day: date = DAY,
        bad: Iterable[BadLine] = (),
        name: str = "",
        digest: bytes = b"",
        again: bool = False,
        issuers: tuple[str, ...] = (),
    ) -> Staged:
        async def chunks() -> AsyncIterator[Chunk]:
            yield Chunk(list(rows), list(bad), 1)

        hashed = digest or uuid4().bytes
        described = Described(name or f"{day}-{hashed.hex()}", "com", day, issuers)
        return await self.loader.stage(described, chunks(), lambda: hashed, "li", again=again)

    async def commit(self, file: UUID) -> Result:
        async with self.pool.acquire() as connection, connection.transaction():
            return await self.clearing.commit(connection, file, "li")

    async def tell(self, rows: Iterable[ClearingRow], **more: Any) -> Result:
        """Stage and commit a file, and carry out what it proves."""
        result = await self.commit((await self.stage(rows, **more)).id)
        await self.prove()
        return result

    async def prove(self) -> None:
        while await self.proving.run():
            pass

    async def agree(self) -> int:
        """End the breaks of which the transaction has come to what the file tells."""
        return await agree(self.pool, self.calendar, self.clock.now())

    async def discard(self, file: UUID) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await self.clearing.discard(connection, file, "wang", "wrong day")
        await self.prove()

    def anew(self, **rules: Any) -> Anew:
        """Give what matches files anew by other rules."""
        return Anew(self.pool, self.calendar, self.clock, ClearingRules(**rules), 1)

    async def again(self, file: UUID, **rules: Any) -> Again:
        """Match a file anew by other rules, and carry out what it proves then."""
        async with self.pool.acquire() as connection, connection.transaction():
            again = await self.anew(**rules).run(connection, file, ("wang", "other rules"))
        await self.prove()
        return again

    async def breaks(self) -> list[tuple[str, str, int, str]]:
        rows = await self.pool.fetch(
            "SELECT kind, cause, money, state FROM breaks ORDER BY opened_at, kind, line"
        )
        return [tuple(row) for row in rows]

    async def state(self, one: Transaction) -> str:
        return await self.pool.fetchval("SELECT state FROM transactions WHERE id = $1", one.id)

    async def account(self, name: str) -> int:
        """Give what an account comes to by its entries: credits less debits."""
        return await self.pool.fetchval(
            "SELECT coalesce(sum(CASE $1 WHEN credit THEN amount WHEN debit THEN -amount"
            " ELSE 0 END), 0)::bigint FROM entries",
            name,
        )


@asynccontextmanager
async def opened(pool: asyncpg.Pool) -> AsyncIterator[Cleared]:
    """Open a cell that has a shop, on the day after its sales."""
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=1))
    registry, journal = Registry(pool), Journal(pool)
    await registry.load()
    calendar = Calendar(ZoneInfo("Asia/Shanghai"), time(23))
    yield Cleared(
        pool,
        HeldClock(MORNING, tick=timedelta(microseconds=1)),
        calendar,
        Outcomes(journal, registry, calendar.business_date),
    )
    await journal.close()


def tolerates(kind: str = "amount", per_day: int = 1_000, **more: Any) -> Tolerance:
    """Give a rule that accepts up to 5 minor units, or what a test says."""
    bounds = {"up_to": 5} if not more.keys() & {"up_to", "per_mille"} else {}
    values = {"kind": kind, "account": BEARERS[Difference(kind)][0], **bounds, "per_day": per_day}
    return Tolerance.model_validate(values | more)


UNKNOWN: dict[str, Any] = {
    "state": State.UNKNOWN,
    "sent": "possibly_sent",
    "response_code": "",
    "auth_code": "",
    "fee": 0,
}
