"""The journal's statements: by index, grouped, and each caller its own result."""

import asyncio
from datetime import date
from typing import Any

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from annul.domain.states import Sent, State
from annul.store.journal import Journal, Opening, Outcome
from annul.store.journal_sql import OF_OPENING, OF_OUTCOME, OF_TRANSACTION, SQL
from tests.support.builders import DAY, sent
from tests.support.sales import MERCHANT, NOW, approved, sold


async def test_many_at_once_share_few_commits(journal: Journal) -> None:
    sales = [sent(trace) for trace in range(1, 301)]
    opened = await asyncio.gather(*(journal.open(Opening(sale, 0)) for sale in sales))
    assert all(opened)
    assert all(await asyncio.gather(*(journal.conclude(approved(sale)) for sale in sales)))
    for name in ("open", "conclude"):
        statements, rows = journal.figures()[name]
        assert rows == 300
        assert statements < 10
    assert await journal.balance(MERCHANT, "156") == (300 * 9_950, 0, 0)


async def test_a_request_key_is_taken_once(journal: Journal) -> None:
    first, second = sent(1), sent(1)
    done = await asyncio.gather(journal.open(Opening(first, 0)), journal.open(Opening(second, 0)))
    assert sorted(done) == [False, True]
    stored = await journal.find((MERCHANT, "10000001", "000001", "000001"))
    assert stored is not None
    assert stored.state is State.SENT
    assert stored.sent is Sent.POSSIBLY_SENT


async def test_an_outcome_is_written_once(journal: Journal) -> None:
    sale = sent(1)
    await journal.open(Opening(sale, 0))
    done = await asyncio.gather(*(journal.conclude(approved(sale)) for _ in range(5)))
    assert sorted(done) == [False, False, False, False, True]
    assert await journal.balance(MERCHANT, "156") == (9_950, 0, 0)


async def test_what_is_held_is_never_more_than_the_original(journal: Journal) -> None:
    sale = sent(1)
    await journal.open(Opening(sale, 0))
    await journal.conclude(approved(sale))
    refunds = [
        sent(trace, kind="refund", amount=4_000, holds=4_000, original_id=sale.id)
        for trace in range(2, 7)
    ]
    for refund in refunds:
        if await journal.open(Opening(refund, 0, whole=False)):
            await journal.conclude(
                approved(refund, transfers=(), original_state="refunded", undoing=-4_000)
            )
    stored = await journal.find_by_id(MERCHANT, sale.id)
    assert stored is not None
    assert (stored.undone, stored.undoing, stored.state) == (8_000, 0, State.PARTLY_REFUNDED)


async def test_of_refunds_at_once_one_is_on_its_way(journal: Journal) -> None:
    sale = await sold(journal)
    refunds = [
        sent(trace, kind="refund", amount=3_000, holds=3_000, original_id=sale.id)
        for trace in range(2, 7)
    ]
    other = Journal(journal._pool)
    done = await asyncio.gather(
        *(one.open(Opening(r, 0, whole=False)) for r in refunds for one in (journal, other)[:1]),
        *(
            other.open(
                Opening(
                    r._replace(id=uuid7(), trace="7" + r.trace[1:], rrn=r.rrn[:-1] + "9"),
                    0,
                    whole=False,
                )
            )
            for r in refunds[:1]
        ),
    )
    await other.close()
    assert sum(done) == 1
    stored = await journal.find_by_id(MERCHANT, sale.id)
    assert stored is not None
    assert (stored.undone, stored.undoing) == (3_000, 3_000)


async def test_money_for_one_covers_one(journal: Journal) -> None:
    first, second = [await sold(journal, trace) for trace in (1, 2)]
    await journal._pool.execute("UPDATE merchant_balances SET pending = 9950")
    other = Journal(journal._pool)
    voids = [
        sent(trace, kind="void", holds=10_000, reserves=9_950, original_id=sale.id)
        for trace, sale in ((3, first), (4, second))
    ]
    done = await asyncio.gather(
        journal.open(Opening(voids[0], 0)), other.open(Opening(voids[1], 0))
    )
    await other.close()
    assert sorted(done) == [False, True]
    assert await journal.balance(MERCHANT, "156") == (9_950, 0, 9_950)
    refused = (first, second)[done.index(False)]
    stored = await journal.find_by_id(MERCHANT, refused.id)
    assert stored is not None
    assert (stored.undone, stored.undoing) == (0, 0)
    went = voids[done.index(True)]
    declined = Outcome(
        MERCHANT,
        went.id,
        went.original_id,
        State.DECLINED,
        NOW,
        release=10_000,
        undoing=-10_000,
        unreserve=9_950,
    )
    assert await journal.conclude(declined)
    assert await journal.balance(MERCHANT, "156") == (9_950, 0, 0)


async def test_what_is_not_covered_takes_nothing_from_what_is(journal: Journal) -> None:
    """In one group: the smaller two are covered together, and what was sent first as well."""
    sales = [await sold(journal, trace) for trace in range(1, 5)]
    await journal._pool.execute("UPDATE merchant_balances SET pending = 9000, available = 0")
    voids = [
        sent(10 + number, kind="void", holds=10_000, reserves=reserves, original_id=sale.id)
        for number, (sale, reserves) in enumerate(
            zip(sales, (20_000, 4_000, 5_000, 0), strict=True)
        )
    ]
    statements = journal.figures()["open_undo"][0]
    done = await asyncio.gather(*(journal.open(Opening(void, 0)) for void in voids))
    assert done == [False, True, True, True]
    assert journal.figures()["open_undo"][0] == statements + 1
    assert (await journal.balance(MERCHANT, "156"))[2] == 9_000


async def test_of_two_only_together_not_covered_one_goes(journal: Journal) -> None:
    sales = [await sold(journal, trace) for trace in (1, 2)]
    await journal._pool.execute("UPDATE merchant_balances SET pending = 9000, available = 0")
    voids = [
        sent(10 + number, kind="void", holds=10_000, reserves=6_000, original_id=sale.id)
        for number, sale in enumerate(sales)
    ]
    done = await asyncio.gather(*(journal.open(Opening(void, 0)) for void in voids))
    assert sorted(done) == [False, True]
    assert (await journal.balance(MERCHANT, "156"))[2] == 6_000


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        ("journal_opening", (*OF_TRANSACTION, *OF_OPENING)),
        ("journal_outcome", OF_OUTCOME),
        ("journal_posting", ("id", "line", "debit", "credit", "amount")),
    ],
)
async def test_rows_have_the_fields_that_the_code_hands_over(
    pool: asyncpg.Pool, row: str, fields: tuple[str, ...]
) -> None:
    stored = await pool.fetch(
        "SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
        " WHERE c.relname = $1 AND NOT attisdropped ORDER BY attnum",
        row,
    )
    assert tuple(name for (name,) in stored) == fields


async def test_pending_money_covers_only_where_the_contract_says_so(journal: Journal) -> None:
    sale = await sold(journal)
    void = sent(2, kind="void", holds=10_000, reserves=9_950, original_id=sale.id)
    assert not await journal.open(Opening(void, 0, pending_covers=False))
    assert await journal.open(Opening(void, 0))


async def test_what_is_held_back_against_voids_covers_them(
    journal: Journal, pool: asyncpg.Pool
) -> None:
    sale = await sold(journal)
    await pool.execute("UPDATE merchant_balances SET pending = 0, rolling_reserve = 9950")
    void = sent(2, kind="void", holds=10_000, reserves=9_950, original_id=sale.id)
    assert await journal.open(Opening(void, 0, pending_covers=False))


async def test_what_may_not_stand_untold_is_told_in_the_same_commit(journal: Journal) -> None:
    sale, other = sent(1), sent(2)
    for one in (sale, other):
        await journal.open(Opening(one, 0))
    told: dict[str, Any] = {"incident": "disputed", "params": {"code": "12", "两": [4, None]}}
    disputed = [
        Outcome(MERCHANT, one.id, None, State.DISPUTED, NOW, **told) for one in (sale, other)
    ]
    assert await journal.conclude(disputed[0])
    assert not await journal.conclude(disputed[0])
    await journal.conclude(Outcome(MERCHANT, other.id, None, State.APPROVED, NOW))
    assert not await journal.conclude(disputed[1])
    rows = await journal._pool.fetch("SELECT transaction_id, subject, kind, params FROM incidents")
    assert [tuple(row) for row in rows] == [(sale.id, str(sale.id), "disputed", told["params"])]


async def test_entries_are_posted_on_the_day_they_are_written(journal: Journal) -> None:
    sale = await sold(journal)
    tomorrow = date(2026, 11, 24)
    identity = (MERCHANT, sale.id, None)
    await journal.conclude(Outcome(*identity, State.REVERSING, NOW, posted_on=tomorrow))
    await journal.conclude(Outcome(*identity, State.REVERSED, NOW, posted_on=tomorrow))
    rows = await journal._pool.fetch(
        "SELECT kind, business_date, count(*) FROM entries GROUP BY 1, 2 ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [("approval", DAY, 2), ("reversal", tomorrow, 2)]


@pytest.mark.parametrize(
    ("query", "index", "sizes"),
    [
        ("find_by_trace", "transactions_request", 4),
        ("find_by_rrn", "transactions_rrn", 2),
        ("find_by_id", "transactions_pkey", 2),
        ("conclude", "transactions_pkey", 2),
        ("open", "terminals_pkey", 2),
        ("open_undo", "transactions_pkey", 2),
        ("strand", "transactions_unfinished", 4),
    ],
)
async def test_hot_statements_use_their_index_on_an_empty_table(
    pool: asyncpg.Pool, query: str, index: str, sizes: int
) -> None:
    """The plan is made once, right after the first start: it must be the right one then."""
    sql = SQL[query].sql
    assert len(SQL[query].parameters) == sizes
    async with pool.acquire() as connection:
        await connection.execute("SET enable_seqscan = off")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE hot AS {sql}")
        nothing = ", ".join(["NULL"] * sizes)
        rows = await connection.fetch(f"EXPLAIN EXECUTE hot ({nothing})")
    plan = "\n".join(row[0] for row in rows)
    assert f"using {index}" in plan
    assert "Seq Scan on transactions" not in plan
