"""The journal's statements: by index, grouped, and each caller its own result."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from annul.domain.ledger import Transfer
from annul.domain.records import Transaction
from annul.domain.states import Sent, State
from annul.store.journal import _QUERIES, Journal, Opening, Outcome

_NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
_MERCHANT = "898000058120000"


@pytest.fixture
async def journal(pool: asyncpg.Pool) -> AsyncIterator[Journal]:
    await pool.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category, pricing)"
        " VALUES ($1, '示例茶馆', 'Example Tea House', '5812', 'standard')",
        _MERCHANT,
    )
    opened = Journal(pool)
    yield opened
    await opened.close()


def _sale(trace: int, **changes: Any) -> Transaction:
    sale = Transaction(
        merchant_id=_MERCHANT, id=uuid7(), kind="sale", state=State.SENT, sent=Sent.POSSIBLY_SENT,
        terminal_id="10000001", batch="000001", trace=f"{trace:06d}",
        business_date=date(2026, 11, 23), amount=10_000, currency="156", undone=0,
        original_id=None, card_hash=b"card", card_masked="620001******0007", card_cipher=b"",
        card_type="debit", issuer_id="00000101", rrn=f"3000000{trace:05d}", auth_code="",
        response_code="", entry_mode="012", condition="00", fee=0, received_at=_NOW,
    )  # fmt: skip
    return sale._replace(**changes)


def _approved(sale: Transaction, **changes: Any) -> Outcome:
    values: dict[str, Any] = {
        "merchant_id": sale.merchant_id, "id": sale.id, "original_id": sale.original_id,
        "state": State.APPROVED, "at": _NOW, "sent": Sent.ANSWERED, "response_code": "00",
        "fee": 50,
        "transfers": (Transfer("issuer_receivable", "merchant_pending", 10_000),
                      Transfer("merchant_pending", "fee_income", 50)),
    }  # fmt: skip
    return Outcome(**(values | changes))


async def test_many_at_once_share_few_commits(journal: Journal) -> None:
    sales = [_sale(trace) for trace in range(1, 301)]
    opened = await asyncio.gather(*(journal.open(Opening(sale, 0)) for sale in sales))
    assert all(opened)
    assert all(await asyncio.gather(*(journal.conclude(_approved(sale)) for sale in sales)))
    for name in ("open", "conclude"):
        statements, rows = journal.figures()[name]
        assert rows == 300
        assert statements < 10
    assert await journal.balance(_MERCHANT, "156") == (300 * 9_950, 0, 0)


async def test_a_request_key_is_taken_once(journal: Journal) -> None:
    first, second = _sale(1), _sale(1)
    done = await asyncio.gather(journal.open(Opening(first, 0)), journal.open(Opening(second, 0)))
    assert sorted(done) == [False, True]
    stored = await journal.find((_MERCHANT, "10000001", "000001", "000001"))
    assert stored is not None
    assert stored.state is State.SENT
    assert stored.sent is Sent.POSSIBLY_SENT


async def test_an_outcome_is_written_once(journal: Journal) -> None:
    sale = _sale(1)
    await journal.open(Opening(sale, 0))
    done = await asyncio.gather(*(journal.conclude(_approved(sale)) for _ in range(5)))
    assert sorted(done) == [False, False, False, False, True]
    assert await journal.balance(_MERCHANT, "156") == (9_950, 0, 0)


async def test_what_is_held_is_never_more_than_the_original(journal: Journal) -> None:
    sale = _sale(1)
    await journal.open(Opening(sale, 0))
    await journal.conclude(_approved(sale))
    refunds = [
        _sale(trace, kind="refund", amount=4_000, holds=4_000, original_id=sale.id)
        for trace in range(2, 7)
    ]
    done = await asyncio.gather(*(journal.open(Opening(r, 0, whole=False)) for r in refunds))
    assert sum(done) == 2
    stored = await journal.find_by_id(_MERCHANT, sale.id)
    assert stored is not None
    assert stored.undone == 8_000


@pytest.mark.parametrize(
    ("query", "index", "sizes"),
    [
        ("find_by_trace", "transactions_request", 4),
        ("find_by_rrn", "transactions_rrn", 2),
        ("find_by_id", "transactions_pkey", 2),
        ("conclude", "transactions_pkey", 24),
        ("open_undo", "transactions_pkey", 30),
        ("strand", "transactions_unfinished", 2),
    ],
)
async def test_hot_statements_use_their_index_on_an_empty_table(
    pool: asyncpg.Pool, query: str, index: str, sizes: int
) -> None:
    """The plan is made once, right after the first start: it must be the right one then."""
    sql = _QUERIES[query]
    assert f"${sizes}" in sql
    assert f"${sizes + 1}" not in sql
    async with pool.acquire() as connection:
        await connection.execute("SET enable_seqscan = off")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE hot AS {sql}")
        nothing = ", ".join(["NULL"] * sizes)
        rows = await connection.fetch(f"EXPLAIN EXECUTE hot ({nothing})")
    plan = "\n".join(row[0] for row in rows)
    assert f"using {index}" in plan
    assert "Seq Scan on transactions" not in plan
