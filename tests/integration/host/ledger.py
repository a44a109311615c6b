"""A shop of which outcomes are written as a host does it, and what its ledger says then."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

from annul.domain.records import Transaction
from annul.host.outcomes import Outcomes
from annul.issuers.message import Answer
from annul.merchants.registry import Registry
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from annul.store.journal import Journal, Opening
from tests.support.builders import sent

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
DAY = date(2026, 11, 26)  # on which outcomes are posted here
OK = Answer("00", "A1B2C3", "1125")


@dataclass(frozen=True, slots=True)
class Ledger:
    """A shop with outcomes of its own, and what its tables say."""

    pool: asyncpg.Pool
    journal: Journal
    outcomes: Outcomes
    registry: Registry

    async def opened(self, kind: str = "sale", trace: int = 1, **changes: Any) -> Transaction:
        """Write a request as the host does, before it is sent."""
        row = sent(trace, **({"kind": kind} | changes))
        whole = row.kind not in {"refund", "qr_refund"}
        assert await self.journal.open(Opening(row, 0, whole=whole))
        return row

    async def sold(self, trace: int = 1, kind: str = "sale", **changes: Any) -> Transaction:
        """Write a sale that was approved."""
        sale = await self.opened(kind, trace, **changes)
        assert await self.outcomes.answered(sale, OK, NOW)
        return await self.again(sale)

    async def undoing(
        self, kind: str, original: Transaction, trace: int, amount: int = 10_000, **changes: Any
    ) -> Transaction:
        """Write what takes a part of an original or all of it back."""
        refers = {"original_id": original.id, "holds": amount, "amount": amount}
        return await self.opened(kind, trace, **(refers | changes))

    async def again(self, one: Transaction) -> Transaction:
        found = await self.journal.find_by_id(one.merchant_id, one.id)
        assert found is not None
        return found

    async def entries(self, one: Transaction) -> list[tuple[str, str, str, int]]:
        rows = await self.pool.fetch(
            "SELECT kind, debit, credit, amount FROM entries WHERE subject = $1"
            " ORDER BY posted_at, kind, line",
            one.id,
        )
        return [tuple(row) for row in rows]

    async def pending(self) -> int:
        return (await self.journal.balance("898000058120000", "156"))[0]

    async def owed(self) -> list[tuple[str, str, bool]]:
        rows = await self.pool.fetch("SELECT kind, reason, pending FROM outbox ORDER BY created_at")
        return [tuple(row) for row in rows]

    async def incidents(self) -> list[str]:
        return [row[0] for row in await self.pool.fetch("SELECT kind FROM incidents ORDER BY kind")]


@asynccontextmanager
async def opened(pool: asyncpg.Pool, merchants: int = 1) -> AsyncIterator[Ledger]:
    """Give the ledger of the demonstration's merchants."""
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=merchants))
    registry, journal = Registry(pool), Journal(pool)
    await registry.load()
    yield Ledger(pool, journal, Outcomes(journal, registry, lambda _at, _agreed: DAY), registry)
    await journal.close()
