"""Two shops of two merchants, each with sales, a void that failed, and the case of that void."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from annul.domain.records import Transaction
from annul.resolve.case import Case
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from tests.support.rows import put, put_case, put_transaction, put_void

NOW = datetime.now(UTC).replace(microsecond=0)
SALES = 7


@dataclass
class Shop:
    """A merchant with sales, one of them with a void that failed, and the case of that void."""

    merchant: str
    terminal: str
    sales: list[Transaction]
    void: Transaction
    case: Case


async def _shop(pool: asyncpg.Pool, merchant: str, terminal: str, first: int) -> Shop:
    of = {"merchant_id": merchant, "terminal_id": terminal}
    sales = [
        await put_transaction(
            pool, first + n, received_at=NOW - timedelta(minutes=30 - n), amount=10_000 + n, **of
        )
        for n in range(SALES)
    ]
    void = await put_void(
        pool,
        first + SALES,
        sales[0].id,
        received_at=NOW - timedelta(minutes=2),
        amount=sales[0].amount,
        **of,
    )
    case = await put_case(
        pool,
        id=void.id,
        number=void.rrn,
        original_id=sales[0].id,
        amount=void.amount,
        opened_at=void.received_at,
        due_at=NOW + timedelta(minutes=10),
        next_action_at=NOW + timedelta(minutes=1),
        **of,
    )
    row = {
        "merchant_id": merchant,
        "subject": sales[0].id,
        "kind": "approval",
        "line": 0,
        "debit": "issuer_receivable",
        "credit": "merchant_pending",
        "amount": 10_000,
        "currency": "156",
        "business_date": NOW.date(),
        "posted_at": NOW,
    }
    await put(pool, "entries", row)
    return Shop(merchant, terminal, sales, void, case)


async def open_shops(pool: asyncpg.Pool) -> tuple[Shop, Shop]:
    """Put two shops into a database that has none."""
    seeded = await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=2))
    (one, till, _), *_, (other, counter, _) = seeded
    return await _shop(pool, one, till, 1), await _shop(pool, other, counter, 101)
