"""The journal's statements: by index, grouped, and each caller its own result."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from annul.domain.answers import Verdict
from annul.domain.ledger import Transfer
from annul.domain.records import Transaction
from annul.domain.states import Sent, State
from annul.store.journal import Journal, Opening, Outcome
from annul.store.journal_sql import OF_OPENING, OF_OUTCOME, OF_TRANSACTION, SQL
from annul.store.late import LateAnswer

_NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
_MERCHANT = "898000058120000"
_DAY = date(2026, 11, 23)


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
        "merchant_id": sale.merchant_id,
        "id": sale.id,
        "original_id": sale.original_id,
        "state": State.APPROVED,
        "at": _NOW,
        "sent": Sent.ANSWERED,
        "response_code": "00",
        "fee": 50,
        "posted_on": _DAY,
        "transfers": (
            Transfer("issuer_receivable", "merchant_pending", 10_000),
            Transfer("merchant_pending", "fee_income", 50),
        ),
    }
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
    for refund in refunds:
        if await journal.open(Opening(refund, 0, whole=False)):
            await journal.conclude(
                _approved(refund, transfers=(), original_state="refunded", undoing=-4_000)
            )
    stored = await journal.find_by_id(_MERCHANT, sale.id)
    assert stored is not None
    assert (stored.undone, stored.undoing, stored.state) == (8_000, 0, State.PARTLY_REFUNDED)


async def test_of_refunds_at_once_one_is_on_its_way(journal: Journal) -> None:
    sale = await _sold(journal)
    refunds = [
        _sale(trace, kind="refund", amount=3_000, holds=3_000, original_id=sale.id)
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
    stored = await journal.find_by_id(_MERCHANT, sale.id)
    assert stored is not None
    assert (stored.undone, stored.undoing) == (3_000, 3_000)


async def test_money_for_one_covers_one(journal: Journal) -> None:
    first, second = [await _sold(journal, trace) for trace in (1, 2)]
    await journal._pool.execute("UPDATE merchant_balances SET pending = 9950")
    other = Journal(journal._pool)
    voids = [
        _sale(trace, kind="void", holds=10_000, reserves=9_950, original_id=sale.id)
        for trace, sale in ((3, first), (4, second))
    ]
    done = await asyncio.gather(
        journal.open(Opening(voids[0], 0)), other.open(Opening(voids[1], 0))
    )
    await other.close()
    assert sorted(done) == [False, True]
    assert await journal.balance(_MERCHANT, "156") == (9_950, 0, 9_950)
    refused = (first, second)[done.index(False)]
    stored = await journal.find_by_id(_MERCHANT, refused.id)
    assert stored is not None
    assert (stored.undone, stored.undoing) == (0, 0)
    sent = voids[done.index(True)]
    declined = Outcome(
        _MERCHANT,
        sent.id,
        sent.original_id,
        State.DECLINED,
        _NOW,
        release=10_000,
        undoing=-10_000,
        unreserve=9_950,
    )
    assert await journal.conclude(declined)
    assert await journal.balance(_MERCHANT, "156") == (9_950, 0, 0)


async def test_what_is_not_covered_takes_nothing_from_what_is(journal: Journal) -> None:
    """In one group: the smaller two are covered together, and what was sent first as well."""
    sales = [await _sold(journal, trace) for trace in range(1, 5)]
    await journal._pool.execute("UPDATE merchant_balances SET pending = 9000, available = 0")
    voids = [
        _sale(10 + number, kind="void", holds=10_000, reserves=reserves, original_id=sale.id)
        for number, (sale, reserves) in enumerate(
            zip(sales, (20_000, 4_000, 5_000, 0), strict=True)
        )
    ]
    statements = journal.figures()["open_undo"][0]
    done = await asyncio.gather(*(journal.open(Opening(void, 0)) for void in voids))
    assert done == [False, True, True, True]
    assert journal.figures()["open_undo"][0] == statements + 1
    assert (await journal.balance(_MERCHANT, "156"))[2] == 9_000


async def test_of_two_only_together_not_covered_one_goes(journal: Journal) -> None:
    sales = [await _sold(journal, trace) for trace in (1, 2)]
    await journal._pool.execute("UPDATE merchant_balances SET pending = 9000, available = 0")
    voids = [
        _sale(10 + number, kind="void", holds=10_000, reserves=6_000, original_id=sale.id)
        for number, sale in enumerate(sales)
    ]
    done = await asyncio.gather(*(journal.open(Opening(void, 0)) for void in voids))
    assert sorted(done) == [False, True]
    assert (await journal.balance(_MERCHANT, "156"))[2] == 6_000


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
    sale = await _sold(journal)
    void = _sale(2, kind="void", holds=10_000, reserves=9_950, original_id=sale.id)
    assert not await journal.open(Opening(void, 0, pending_covers=False))
    assert await journal.open(Opening(void, 0))


async def test_what_may_not_stand_untold_is_told_in_the_same_commit(journal: Journal) -> None:
    sale, other = _sale(1), _sale(2)
    for one in (sale, other):
        await journal.open(Opening(one, 0))
    told: dict[str, Any] = {"incident": "disputed", "params": {"code": "12", "两": [4, None]}}
    disputed = [
        Outcome(_MERCHANT, one.id, None, State.DISPUTED, _NOW, **told) for one in (sale, other)
    ]
    assert await journal.conclude(disputed[0])
    assert not await journal.conclude(disputed[0])
    await journal.conclude(Outcome(_MERCHANT, other.id, None, State.APPROVED, _NOW))
    assert not await journal.conclude(disputed[1])
    rows = await journal._pool.fetch("SELECT transaction_id, subject, kind, params FROM incidents")
    assert [tuple(row) for row in rows] == [(sale.id, str(sale.id), "disputed", told["params"])]


async def test_entries_are_posted_on_the_day_they_are_written(journal: Journal) -> None:
    sale = await _sold(journal)
    tomorrow = date(2026, 11, 24)
    identity = (_MERCHANT, sale.id, None)
    await journal.conclude(Outcome(*identity, State.REVERSING, _NOW, posted_on=tomorrow))
    await journal.conclude(Outcome(*identity, State.REVERSED, _NOW, posted_on=tomorrow))
    rows = await journal._pool.fetch(
        "SELECT kind, business_date, count(*) FROM entries GROUP BY 1, 2 ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [("approval", _DAY, 2), ("reversal", tomorrow, 2)]


@pytest.mark.parametrize("ended", [State.DECLINED, State.REVERSED])
@pytest.mark.parametrize("reversible", [True, False])
async def test_an_approval_of_what_had_ended_opens_it_again(
    journal: Journal, ended: State, reversible: bool
) -> None:
    sale = await _sold(journal)
    void = _sale(2, kind="void", holds=10_000, original_id=sale.id)
    await journal.open(Opening(void, 0))
    if ended is State.REVERSED:
        await journal.conclude(Outcome(_MERCHANT, void.id, sale.id, State.REVERSING, _NOW))
    await journal.conclude(
        Outcome(_MERCHANT, void.id, sale.id, ended, _NOW, release=10_000, undoing=-10_000)
    )
    late = LateAnswer(void, "00", "123456", Verdict.APPROVED, reversible, "4353", _NOW)
    assert await journal.late(late) == "held"
    stored = await journal.find_by_id(_MERCHANT, void.id)
    original = await journal.find_by_id(_MERCHANT, sale.id)
    assert stored is not None
    assert original is not None
    assert stored.state is (State.REVERSING if reversible else State.DISPUTED)
    assert (stored.holds, original.undone, original.undoing) == (10_000, 10_000, 10_000)
    assert await journal._pool.fetchval("SELECT count(*) FROM outbox") == reversible
    assert await journal._pool.fetchval("SELECT count(*) FROM incidents") == (not reversible)


async def test_a_decline_does_not_end_what_was_approved_meanwhile(journal: Journal) -> None:
    sale = _sale(1)
    await journal.open(Opening(sale, 0))
    await journal.late(LateAnswer(sale, "00", "123456", Verdict.APPROVED, True, "4353", _NOW))
    declined = Outcome(_MERCHANT, sale.id, None, State.DECLINED, _NOW, response_code="51")
    assert not await journal.conclude(declined)
    await journal.late(LateAnswer(sale, "51", "", Verdict.DECLINED, True, "4353", _NOW))
    stored = await journal.find_by_id(_MERCHANT, sale.id)
    assert stored is not None
    assert (stored.state, stored.late_code) == (State.SENT, "00")


@pytest.mark.parametrize("ended", [State.REVERSED, State.DECLINED])
@pytest.mark.parametrize("kind", ["sale", "void"])
async def test_a_late_word_that_proves_nothing_is_no_reason_to_believe_an_older_denial(
    journal: Journal, ended: State, kind: str
) -> None:
    """Somebody has looked at the request after all: what was reversed is reversed once more."""
    one = _sale(1)
    if kind == "void":
        sale = await _sold(journal, 9)
        one = _sale(1, kind="void", holds=10_000, original_id=sale.id)
    await journal.open(Opening(one, 0))
    identity = (_MERCHANT, one.id, one.original_id)
    if ended is State.REVERSED:
        await journal.conclude(Outcome(*identity, State.REVERSING, _NOW))
    freed: dict[str, Any] = {"release": one.holds, "undoing": -one.holds}
    await journal.conclude(Outcome(*identity, ended, _NOW, **freed))
    await journal.late(LateAnswer(one, "98", "", Verdict.OPEN, True, "4353", _NOW))
    stored = await journal.find_by_id(_MERCHANT, one.id)
    assert stored is not None
    again = ended is State.REVERSED
    assert (stored.state, stored.late_code) == (State.REVERSING if again else ended, "98")
    assert stored.holds == (one.holds if again else 0)
    owed = await journal._pool.fetch("SELECT kind FROM outbox WHERE pending")
    assert [row["kind"] for row in owed] == (["reversal"] if again else [])
    assert not await journal._pool.fetch("SELECT FROM incidents")


@pytest.mark.parametrize(
    ("code", "auth_code", "kind"),
    [("51", "", "answers_contradict"), ("00", "999999", "approved_twice"), ("00", "", "")],
)
async def test_a_second_answer_that_denies_the_first_is_told(
    journal: Journal, code: str, auth_code: str, kind: str
) -> None:
    sale = await _sold(journal)
    verdict = Verdict.APPROVED if code == "00" else Verdict.DECLINED
    await journal.late(LateAnswer(sale, code, auth_code, verdict, True, "4353", _NOW))
    rows = await journal._pool.fetch("SELECT kind FROM incidents")
    assert [row["kind"] for row in rows] == ([kind] if kind else [])


async def _sold(journal: Journal, trace: int = 1) -> Transaction:
    sale = _sale(trace)
    await journal.open(Opening(sale, 0))
    assert await journal.conclude(_approved(sale, auth_code="123456", posted_on=_DAY))
    return sale


@pytest.mark.parametrize(
    ("query", "index", "sizes"),
    [
        ("find_by_trace", "transactions_request", 4),
        ("find_by_rrn", "transactions_rrn", 2),
        ("find_by_id", "transactions_pkey", 2),
        ("conclude", "transactions_pkey", 2),
        ("open_undo", "transactions_pkey", 1),
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
