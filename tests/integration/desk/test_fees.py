"""Fees: the schedule, prices agreed on, what is left, and what was charged wrongly."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.desk import fees as views
from annul.desk.desk import Desk, NothingThere
from annul.desk.fees import Difference
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import ROLES, Visitor
from annul.domain.fees import BadPrice, Price
from tests.support.rows import put, put_transaction

from .people import audited, person

TEA, BOOKS = "898000058120000", "898000059420001"
_MONTH = (date(2026, 10, 1), date(2026, 10, 31))


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


def _today(desk: Desk) -> date:
    return desk.calendar.business_date(desk.clock.now())


def _soon(desk: Desk) -> date:
    return _today(desk) + timedelta(days=2)


# The schedule -----------------------------------------------------------------------------------


async def test_the_schedule_says_what_is_charged_and_what_is_left(
    desk: Desk, operator: Visitor
) -> None:
    """A sale of 100.00: 0.50 of debit, of which 0.35 and 0.03 are the schemes'."""
    debit, credit, qr = await views.schedule(desk, operator, TEA, 100_00)
    assert (debit["card_type"], debit["rate_ppm"], debit["cap"]) == ("debit", 5_000, 20_00)
    assert (debit["own"], debit["following"]) == (False, [])
    assert debit["costs"]["issuer"] == {
        "valid_from": date(2016, 9, 6), "rate_ppm": 3_500, "cap": 13_00, "own": False,
    }  # fmt: skip
    assert debit["sample"] == {"amount": 100_00, "fee": 50, "cost": 38, "margin": 12}
    assert credit["sample"] == {"amount": 100_00, "fee": 60, "cost": 48, "margin": 12}
    assert qr["sample"] == {"amount": 100_00, "fee": 38, "cost": 38, "margin": 0}


async def test_who_is_bound_to_a_merchant_sees_neither_cost_nor_margin(desk: Desk) -> None:
    program = Visitor("program", "", ROLES["operator"], TEA)
    for visitor in (await person(desk, "merchant", TEA), program):
        for line in await views.schedule(desk, visitor, TEA, 100_00):
            assert line["costs"] is None
            assert (line["sample"]["cost"], line["sample"]["margin"]) == (None, None)
        with pytest.raises(NotAllowed):
            await views.margin(desk, visitor, TEA, *_MONTH)
        with pytest.raises(NotAllowed):
            await views.difference(desk, visitor, TEA, *_MONTH, [])
        with pytest.raises(NothingThere):
            await views.schedule(desk, visitor, BOOKS)


async def test_a_kind_of_card_without_a_rate_is_left_out(
    desk: Desk, operator: Visitor, table_owner: asyncpg.Pool
) -> None:
    await table_owner.execute("DELETE FROM fee_rates WHERE card_type = 'qr' AND party = 'network'")
    shown = await views.schedule(desk, operator, TEA, 100_00)
    assert [line["card_type"] for line in shown] == ["debit", "credit"]


# Agreed on --------------------------------------------------------------------------------------


async def test_a_price_is_agreed_on_once_and_comes(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    version = await pool.fetchval("SELECT version FROM reference")
    new = Price("debit", _soon(desk), 4_500, 18_00)
    for _ in range(2):
        await views.set_price(desk, operator, TEA, new, "new contract")
    same = Price("debit", new.valid_from + timedelta(days=1), 4_500, 18_00)
    await views.set_price(desk, operator, TEA, same, "a price that is none")
    debit, *_ = await views.schedule(desk, operator, TEA)
    assert debit["rate_ppm"] == 5_000, "until then it is as it was"
    assert debit["following"] == [
        {"valid_from": new.valid_from, "rate_ppm": 4_500, "cap": 18_00, "own": True}
    ]
    assert debit["sample"] is None
    told, _ = await audited(pool)
    assert (told["action"], told["object"]) == ("set-price", f"merchant {TEA}")
    assert await pool.fetchval("SELECT version FROM reference") == version + 2, "hosts take it up"
    assert (await views.schedule(desk, operator, BOOKS))[0]["following"] == [], "nobody else's"
    with pytest.raises(NotValid, match="another price"):
        await views.set_price(desk, operator, TEA, Price("debit", new.valid_from, 1), "oh")


async def test_what_its_kind_of_contract_will_pay_does_not_come_to_who_has_its_own(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    later = _soon(desk) + timedelta(days=9)
    insert = "INSERT INTO fee_rates VALUES ('standard', 'debit', 'merchant', $1, 1000, NULL)"
    await pool.execute(insert, later)
    debit, *_ = await views.schedule(desk, operator, TEA)
    assert [line["valid_from"] for line in debit["following"]] == [later]
    await views.set_price(desk, operator, TEA, Price("debit", _soon(desk), 4_500), "new contract")
    debit, *_ = await views.schedule(desk, operator, TEA)
    assert [line["rate_ppm"] for line in debit["following"]] == [4_500]


async def test_no_price_begins_on_a_day_that_has_begun(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    """What was sold on a day is charged alike, on every host."""
    for day in (_today(desk), _today(desk) - timedelta(days=1)):
        with pytest.raises(NotValid, match="has not begun"):
            await views.set_price(desk, operator, TEA, Price("debit", day, 1), "new contract")
    await pool.execute("UPDATE books SET open_from = $1", _soon(desk) + timedelta(days=1))
    with pytest.raises(NotValid, match="has not begun"):
        await views.set_price(desk, operator, TEA, Price("debit", _soon(desk), 1), "new contract")


@pytest.mark.parametrize(
    ("card_type", "rate_ppm", "cap"),
    [
        ("prepaid", 1, None), ("debit", -1, None), ("debit", 50_000, None), ("debit", 1, 0),
        ("debit", 1, -1), ("debit", 1, 10**12),
    ],
)  # fmt: skip
def test_a_price_without_sense_is_none(card_type: str, rate_ppm: int, cap: int | None) -> None:
    with pytest.raises(BadPrice):
        Price(card_type, date(2026, 12, 1), rate_ppm, cap)


async def test_who_may_not_or_gives_no_reason_changes_nothing(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    before = await pool.fetchval("SELECT count(*) FROM fee_rates")
    new = Price("debit", _soon(desk), 0)
    with pytest.raises(NotAllowed):
        await views.set_price(desk, await person(desk, "merchant", TEA), TEA, new, "cheaper")
    with pytest.raises(NotAllowed):
        await views.set_price(desk, await person(desk, "auditor"), TEA, new, "cheaper")
    with pytest.raises(ReasonNeeded):
        await views.set_price(desk, operator, TEA, new, " ")
    with pytest.raises(NothingThere):
        await views.set_price(desk, operator, "898000058129999", new, "new contract")
    assert await pool.fetchval("SELECT count(*) FROM fee_rates") == before


async def test_of_two_who_agree_at_once_one_does(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    """The same twice is one; of two different ones the second is told."""
    day = _soon(desk)
    prices = [Price("debit", day, 4_500), Price("debit", day, 4_500), Price("debit", day, 4_000)]
    done = await asyncio.gather(
        *(views.set_price(desk, operator, TEA, one, "new contract") for one in prices),
        return_exceptions=True,
    )
    kept = await pool.fetchval("SELECT rate_ppm FROM fee_rates WHERE pricing = $1", TEA)
    assert [one is None for one in done] == [price.rate_ppm == kept for price in prices]
    assert all(isinstance(one, NotValid) for one in done if one is not None)
    assert len(await audited(pool)) == 1


async def test_while_it_moves_to_another_cell_nothing_is_agreed_on(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await pool.execute(
        "UPDATE merchants SET lives = 'leaving', cell = 'b' WHERE merchant_id = $1", TEA
    )
    with pytest.raises(NotValid, match="moving"):
        await views.set_price(desk, operator, TEA, Price("debit", _soon(desk), 1), "new contract")
    assert await pool.fetchval("SELECT count(*) FROM fee_rates WHERE pricing = $1", TEA) == 0


# What is left -----------------------------------------------------------------------------------


async def _entry(
    pool: asyncpg.Pool, day: date, debit: str, credit: str, amount: int, **more: Any
) -> None:
    await put(pool, "entries", {
        "merchant_id": TEA, "subject": uuid4(), "kind": "approval", "line": 1, "debit": debit,
        "credit": credit, "amount": amount, "currency": "156", "business_date": day,
        "posted_at": datetime.combine(day, time(4), UTC), **more,
    })  # fmt: skip


async def _sold(pool: asyncpg.Pool, day: date, **more: Any) -> None:
    """Sell 100.00 and give back 40.00 of another sale: fees 0.50 less 0.20, cost 0.38 less 0.15."""
    for debit, credit, amount in (
        ("issuer_receivable", "merchant_pending", 100_00),
        ("merchant_pending", "fee_income", 50),
        ("scheme_cost", "scheme_payable", 38),
        ("merchant_pending", "issuer_receivable", 40_00),
        ("fee_income", "merchant_pending", 20),
        ("scheme_payable", "scheme_cost", 15),
    ):
        await _entry(pool, day, debit, credit, amount, **more)


async def _counted(pool: asyncpg.Pool, day: date, identity: UUID) -> None:
    await put(pool, "merchant_days", {
        "merchant_id": TEA, "id": identity, "currency": "156", "business_date": day,
        "taken": 100_00, "given_back": 40_00, "fees": 30, "net": 59_70, "fee": 12,
        "due_on": day + timedelta(days=1),
    })  # fmt: skip


async def test_what_is_left_of_each_day_by_the_ledger(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    """Fees less cost, the fee for early settlement by its day, corrections when they are posted."""
    tenth, eleventh, corrected = date(2026, 10, 10), date(2026, 10, 11), date(2026, 10, 20)
    early, move = uuid4(), uuid4()
    await pool.execute("UPDATE books SET counted_to = $1, open_from = $2", tenth, eleventh)
    await _counted(pool, tenth, early)
    for day in (tenth, eleventh, date(2026, 9, 30), date(2026, 11, 1)):
        await _sold(pool, day)
    await _sold(pool, tenth, merchant_id=BOOKS)
    await _entry(pool, tenth, "merchant_pending", "fee_income", 3, kind="reversal", currency="840")
    available = ("merchant_available", "fee_income", 12)
    await _entry(pool, eleventh, *available, kind="settlement", subject=early)
    await put(pool, "account_moves", {
        "merchant_id": TEA, "id": move, "currency": "156", "kind": "correction", "amount": 7,
        "reason": "charged too much", "state": "done", "asked_by": "li",
        "asked_at": desk.clock.now(),
    })  # fmt: skip
    back = ("fee_income", "merchant_available", 7)
    await _entry(pool, corrected, *back, kind="correction", subject=move)
    rows = await views.margin(desk, operator, TEA, *_MONTH)
    assert [tuple(row.values()) for row in rows] == [
        (tenth, "156", 30, 12, 0, 23, 19),
        (tenth, "840", 3, 0, 0, 0, 3),
        (eleventh, "156", 30, 0, 0, 23, 7),
        (corrected, "156", 0, 0, -7, 0, -7),
    ]


async def test_no_more_days_than_a_quarter_are_asked_for(desk: Desk, operator: Visitor) -> None:
    first = date(2026, 1, 1)
    assert await views.margin(desk, operator, TEA, first, first + timedelta(days=91)) == []
    for last in (first + timedelta(days=92), first - timedelta(days=1)):
        with pytest.raises(NotValid, match="at most 92"):
            await views.margin(desk, operator, TEA, first, last)


async def test_what_is_left_is_found_among_many_entries_of_others(
    desk: Desk, table_owner: asyncpg.Pool
) -> None:
    day = date(2026, 10, 10)
    await table_owner.execute(
        "INSERT INTO entries SELECT $1, gen_random_uuid(), 'approval', 1, 'issuer_receivable',"
        " 'merchant_pending', n, '156', $2::date - 50 + n / 2000, now()"
        " FROM generate_series(1, 100000) n",
        BOOKS,
        day,
    )
    await _counted(table_owner, day - timedelta(days=1), uuid4())
    await table_owner.execute("UPDATE books SET counted_to = $1", day)
    await table_owner.execute("ANALYZE entries")
    sql, *values = views._SQL["margin"](
        merchant=TEA, first=day - timedelta(days=9), last=day, today=day
    )
    plan = "\n".join(row[0] for row in await desk.pool.fetch(f"EXPLAIN {sql}", *values))
    for index in ("entries_day", "entries_pkey"):
        assert index in plan, plan
    assert "Seq Scan on entries" not in plan, plan


# Charged wrongly --------------------------------------------------------------------------------


async def _sale(pool: asyncpg.Pool, trace: int, day: date, **changes: Any) -> UUID:
    """Write a sale of 100.00 at 12:00, charged 0.50."""
    at = datetime.combine(day, time(4), UTC)
    row = await put_transaction(pool, trace, business_date=day, **({"received_at": at} | changes))
    return row.id


@pytest.fixture
async def closed(pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE books SET open_from = $1", date(2026, 11, 1))


@pytest.mark.usefixtures("closed")
async def test_what_ought_to_have_been_charged(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    """By 0.40 %, at most 15.00, in October.

    100.00: 0.50, ought to be 0.40. 10,000.00: 20.00, ought to be 15.00. Of 100.00 33.33 went back:
    0.50 less 0.16 is 0.34, ought to be 0.40 less 0.13, 0.27. One that was voided: nothing of
    nothing. A refund that names no sale, of 100.00: 0.50 went back, ought to be 0.40.
    """
    day = date(2026, 10, 10)
    await _sale(pool, 1, day)
    await _sale(pool, 2, day, amount=10_000_00, fee=20_00)
    parted = await _sale(pool, 3, day, undone=33_33, state="partly_refunded")
    await _sale(pool, 4, date(2026, 11, 5), kind="refund", amount=33_33, fee=16, original_id=parted)
    gone = await _sale(pool, 5, day, undone=100_00, state="voided")
    await _sale(pool, 6, day, kind="void", original_id=gone)
    await _sale(pool, 7, day, kind="refund")
    # What is none of it: another card, another day, another shop, what was not done.
    await _sale(pool, 8, day, card_type="credit", fee=60)
    await _sale(pool, 9, date(2026, 9, 30))
    await _sale(pool, 10, day, state="declined", fee=0)
    await _sale(pool, 11, day, merchant_id=BOOKS, terminal_id="10000003")
    await _sale(pool, 12, day, currency="840", fee=55)
    found = await views.difference(
        desk, operator, TEA, *_MONTH, [Price("debit", day, 4_000, 15_00)]
    )
    charged, ought = 50 + 20_00 + 34 + 0 - 50, 40 + 15_00 + 27 + 0 - 40
    assert found == [Difference("156", 5, charged, ought), Difference("840", 1, 55, 40)]
    assert [one.difference for one in found] == [charged - ought, 15]


@pytest.mark.usefixtures("closed")
async def test_what_was_charged_rightly_makes_no_difference(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    """Sales at both ends of a business day, which begins at 23:00 of the evening before."""
    day, at = date(2026, 10, 10), datetime(2026, 10, 9, 15, tzinfo=UTC)
    for trace, apart in ((1, timedelta()), (2, timedelta(hours=24, microseconds=-1))):
        await _sale(pool, trace, day, received_at=at + apart)
    (found,) = await views.difference(
        desk, operator, TEA, day, day, [Price("debit", day, 5_000, 20_00)]
    )
    assert (found.sales, found.charged, found.difference) == (2, 1_00, 0)


@pytest.mark.usefixtures("closed")
async def test_only_closed_days_are_compared(desk: Desk, operator: Visitor) -> None:
    last = date(2026, 10, 31)
    assert await views.difference(desk, operator, TEA, last, last, []) == []
    with pytest.raises(NotValid, match="closed"):
        await views.difference(desk, operator, TEA, last, last + timedelta(days=1), [])
