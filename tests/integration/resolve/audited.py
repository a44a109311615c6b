"""Healthy books of everything that happens, for tests to spoil, and what is found of them."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from annul.domain.records import Transaction
from annul.resolve.audit import Auditor
from tests.support.rows import put

SOLD = datetime.fromisoformat("2026-11-23T04:00:00+00:00")
HOUR = timedelta(hours=1)
NOW = SOLD + HOUR
LONG_AGO = SOLD - timedelta(days=30)
CHARGEBACKS = ("chargeback_money", "charged_back", "chargeback_chain")  # questions about them


@dataclass
class Held:
    """A clock that stands still until a test moves it; the monotonic one runs."""

    at: datetime = NOW
    ticks: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


@dataclass
class Books:
    """Healthy books of everything that happens, and what tests spoil of them."""

    pool: Any  # as the owner of the tables, who may write what annul may not
    sale: Transaction
    voided: Transaction
    void: Transaction
    refunded: Transaction
    refund: Transaction
    preauth: Transaction
    completion: Transaction
    reversed: Transaction

    async def set(self, row: Transaction, **values: Any) -> None:
        """Change columns of a transaction."""
        names = ", ".join(f"{name} = ${at}" for at, name in enumerate(values, 2))
        await self.pool.execute(
            f"UPDATE transactions SET {names} WHERE id = $1", row.id, *values.values()
        )

    async def outbox(self, row: Transaction, **values: Any) -> None:
        """Change columns of an outbox row."""
        names = ", ".join(f"{name} = ${at}" for at, name in enumerate(values, 2))
        await self.pool.execute(
            f"UPDATE outbox SET {names} WHERE transaction_id = $1", row.id, *values.values()
        )

    async def tell(self, row: Transaction, kind: str) -> None:
        """Open an incident about a transaction."""
        await put(
            self.pool,
            "incidents",
            {
                "merchant_id": row.merchant_id,
                "id": row.id,
                "kind": kind,
                "subject": str(row.id),
                "transaction_id": row.id,
                "opened_at": SOLD,
            },
        )


async def found(auditor: Auditor, now: datetime = NOW) -> dict[str, set[str]]:
    """Give the references of what a run over everything finds, by the question's name."""
    report = await auditor.everything(now)
    names: dict[str, set[str]] = {}
    for one in report.differences:
        assert one.said("zh")
        assert one.said("en")
        names.setdefault(one.kind.removeprefix("audit_"), set()).add(one.reference)
    return names


async def open_incidents(pool: asyncpg.Pool) -> dict[str, int]:
    rows = await pool.fetch(
        "SELECT kind, count(*) FROM incidents WHERE closed_at IS NULL AND kind LIKE 'audit%'"
        " GROUP BY kind"
    )
    return {kind.removeprefix("audit_"): count for kind, count in rows}
