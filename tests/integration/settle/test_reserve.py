"""What is held back of D+0 days: before anybody can pay it out, once, and given free once."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from annul.domain.business_day import Calendar
from annul.domain.reserve import PRIOR
from annul.settle.days import _SQL as _DAYS
from annul.settle.days import Days
from annul.settle.reserve import _SQL, Reserves
from tests.support.builders import transaction
from tests.support.clock import HeldClock
from tests.support.rows import put, put_transaction

_SHOP = transaction().merchant_id
_OTHERS = tuple(f"8980000581200{number:02d}" for number in range(71, 75))
_DAY = date(2026, 9, 1)
_CALENDAR = Calendar(ZoneInfo("Asia/Shanghai"), time(23))
_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
_SUMS = """
SELECT b.available, b.rolling_reserve, b.pending,
       coalesce((SELECT sum(net - fee) FROM merchant_days d
                 WHERE d.merchant_id = b.merchant_id AND available_at IS NOT NULL), 0)
       + coalesce((SELECT sum(amount) FROM account_moves v WHERE v.merchant_id = b.merchant_id), 0)
           AS unpaid,
       coalesce((SELECT sum(left_over) FROM reserves r
                 WHERE r.merchant_id = b.merchant_id AND held_at IS NOT NULL), 0) AS held,
       coalesce((SELECT sum(CASE 'merchant_reserve' WHEN credit THEN amount WHEN debit THEN -amount
                            ELSE 0 END) FROM entries e WHERE e.merchant_id = b.merchant_id), 0)
           AS entered
FROM merchant_balances b WHERE b.merchant_id = $1
"""


def _evening(day: date) -> datetime:
    """Give a time at which a business day has been closed: 23:30 there."""
    return datetime.combine(day, time(15, 30), UTC)


def _days(pool: asyncpg.Pool, day: date) -> Days:
    return Days(pool, _CALENDAR, HeldClock(_evening(day)))


async def _shop(pool: asyncpg.Pool, shop: str, **terms: Any) -> None:
    row = {"merchant_id": shop, "name_zh": "示例茶馆", "name_en": "Tea", "category": "5812"}
    await put(pool, "merchants", row)
    await put(pool, "merchant_balances", {"merchant_id": shop, "currency": "156"})
    said = {"cycle": "calendar", "days": 0, "set_by": "li", "set_at": _evening(_DAY)}
    await put(
        pool,
        "settlement_terms",
        {"merchant_id": shop, "valid_from": date(2026, 1, 1)} | said | terms,
    )


@pytest.fixture(autouse=True)
async def shop(pool: asyncpg.Pool) -> None:
    await _shop(pool, _SHOP)


async def _entry(
    pool: asyncpg.Pool,
    amount: int,
    day: date,
    shop: str = _SHOP,
    subject: UUID | None = None,
    kind: str = "approval",
) -> UUID:
    """Write an entry of a sale, or with an amount below zero of what gives it back."""
    subject = subject or uuid4()
    ends = ("issuer_receivable", "merchant_pending")
    debit, credit = ends if amount > 0 else reversed(ends)
    await put(
        pool,
        "entries",
        {
            "merchant_id": shop, "subject": subject, "kind": kind, "line": 1, "debit": debit,
            "credit": credit, "amount": abs(amount), "currency": "156", "business_date": day,
            "posted_at": _evening(day),
        },
    )  # fmt: skip
    moved = "UPDATE merchant_balances SET pending = pending + $2 WHERE merchant_id = $1"
    await pool.execute(moved, shop, amount)
    return subject


async def _sold(pool: asyncpg.Pool, amount: int, day: date, shop: str = _SHOP) -> None:
    """Sell so much in ten sales."""
    for _ in range(10):
        await _entry(pool, amount // 10, day, shop)


async def _sums(pool: asyncpg.Pool, shop: str = _SHOP) -> tuple[int, int]:
    """Give what is available and held back, which must be what days, moves and entries say."""
    row = await pool.fetchrow(_SUMS, shop)
    assert row is not None
    assert row["available"] == row["unpaid"], "what no payout has is what is available"
    assert row["rolling_reserve"] == row["held"] == row["entered"]
    return row["available"], row["rolling_reserve"]


async def test_a_share_is_held_back_before_the_day_becomes_available(pool: asyncpg.Pool) -> None:
    await _sold(pool, 1_000_00, _DAY)
    done = await _days(pool, _DAY).run()
    assert done is not None
    assert done.available == 1
    row = await pool.fetchrow("SELECT * FROM reserves")
    assert row is not None
    assert row["free_on"] == _DAY + timedelta(days=PRIOR.horizon)
    assert 0 < row["amount"] < 1_000_00
    assert await _sums(pool) == (1_000_00 - row["amount"], row["amount"])
    move = await pool.fetchrow("SELECT * FROM account_moves")
    assert move is not None
    assert (move["id"], move["kind"], move["amount"], move["state"], move["asked_by"]) == (
        row["id"], "reserve", -row["amount"], "done", "",
    )  # fmt: skip


async def test_it_is_given_free_once_when_its_time_is_over(pool: asyncpg.Pool) -> None:
    await _sold(pool, 1_000_00, _DAY)
    await _days(pool, _DAY).run()
    until = await pool.fetchval("SELECT free_on FROM reserves")
    await _days(pool, until - timedelta(days=1)).run()
    assert (await _sums(pool))[1] > 0
    runs = [Reserves(pool).free(until + timedelta(days=1), _evening(until)) for _ in range(4)]
    assert sorted(await asyncio.gather(*runs)) == [0, 0, 0, 1]
    assert await _sums(pool) == (1_000_00, 0)
    await _days(pool, until).run()
    assert await _sums(pool) == (1_000_00, 0)


async def test_what_a_shop_owes_is_taken_from_what_was_held(pool: asyncpg.Pool) -> None:
    await _sold(pool, 1_000_00, _DAY)
    await _days(pool, _DAY).run()
    available, held = await _sums(pool)
    # As if all that was available had been paid out, and half the reserve came back.
    part = held // 2 + 1
    await _entry(pool, -(available + part), _DAY + timedelta(days=1))
    await _days(pool, _DAY + timedelta(days=1)).run()
    assert await _sums(pool) == (0, held - part)
    await _entry(pool, -held, _DAY + timedelta(days=2))
    await _days(pool, _DAY + timedelta(days=2)).run()
    assert await _sums(pool) == (-part, 0), "and what it does not cover is owed"
    again = await Reserves(pool).free(_DAY + timedelta(days=3), _evening(_DAY))
    assert again == 0


async def test_of_two_processes_one_gives_what_is_needed(pool: asyncpg.Pool) -> None:
    for n in range(3):
        await _sold(pool, 1_000_00, _DAY + timedelta(days=n))
        await _days(pool, _DAY + timedelta(days=n)).run()
    available, held = await _sums(pool)
    first = await pool.fetchval("SELECT amount FROM reserves ORDER BY on_day LIMIT 1")
    # Of all that was paid out something comes back: all of the first day's reserve, and some more.
    owed = first + 1_00
    await _entry(pool, -(available + owed), _DAY + timedelta(days=3))
    days = _days(pool, _DAY + timedelta(days=3))
    await days._close(_DAY + timedelta(days=2), _evening(_DAY + timedelta(days=3)), None)
    when = {"today": _DAY + timedelta(days=3), "business_date": _DAY + timedelta(days=4)}
    now = {"now": _evening(_DAY + timedelta(days=3)), "most": 9}
    assert await pool.fetchval(*_DAYS["make_available"](**when, **now)) == 0, "nobody has judged it"
    await Reserves(pool).hold(when["today"])
    await pool.execute(*_DAYS["make_available"](**when, **now))
    assert await _sums(pool) == (-owed, held)
    async with pool.acquire() as other, other.transaction():
        # All of them have begun before the first may go on.
        await other.execute("SELECT FROM reserves FOR UPDATE")
        free = _SQL["free"](business_date=when["business_date"], **now)
        runs = [asyncio.create_task(pool.fetchval(*free)) for _ in range(4)]
        async with asyncio.timeout(10):
            while await pool.fetchval(_WAITING) < len(runs):
                await asyncio.sleep(0.01)
    assert sorted(await asyncio.gather(*runs)) == [0, 0, 0, 2]
    assert await _sums(pool) == (0, held - owed)


async def test_a_contract_says_what_is_held_whatever_the_terms(pool: asyncpg.Pool) -> None:
    await _shop(pool, _OTHERS[0], reserve_ppm=100_000, days=1)
    await _shop(pool, _OTHERS[1], reserve_ppm=0)
    await _shop(pool, _OTHERS[2], days=1)
    for shop in _OTHERS[:3]:
        await _entry(pool, 1_000_01, _DAY, shop)
    await _days(pool, _DAY).run()
    assert await _sums(pool, _OTHERS[0]) == (0, 0), "not before it is due"
    await _days(pool, _DAY + timedelta(days=1)).run()
    assert await _sums(pool, _OTHERS[0]) == (900_00, 100_01)
    assert await _sums(pool, _OTHERS[1]) == (1_000_01, 0)
    assert await _sums(pool, _OTHERS[2]) == (1_000_01, 0)


async def test_what_came_back_later_is_kept_by_the_day_it_was_sold_on(pool: asyncpg.Pool) -> None:
    sale = await put_transaction(pool, 1)
    await _entry(pool, 500_00, _DAY, subject=sale.id)
    late, same = _DAY + timedelta(days=3), _DAY
    void = await put_transaction(pool, 2, kind="refund", original_id=sale.id)
    await _entry(pool, -200_00, late, subject=void.id)
    at_once = await put_transaction(pool, 3, kind="refund", original_id=sale.id)
    await _entry(pool, -50_00, same, subject=at_once.id)
    lost = await put_transaction(pool, 4)
    await _entry(pool, 70_00, _DAY, subject=lost.id)
    await _entry(pool, -70_00, late, subject=lost.id, kind="reversal")
    disputed = uuid4()
    await put(pool, "account_moves", {
        "merchant_id": _SHOP, "id": disputed, "currency": "156", "kind": "chargeback",
        "amount": -30_00, "about": sale.id, "reason": "", "state": "done", "asked_by": "",
        "asked_at": _evening(late),
    })  # fmt: skip
    await put(pool, "entries", {
        "merchant_id": _SHOP, "subject": disputed, "kind": "chargeback", "line": 1,
        "debit": "merchant_available", "credit": "issuer_receivable", "amount": 30_00,
        "currency": "156", "business_date": late, "posted_at": _evening(late),
    })  # fmt: skip
    await _days(pool, late).run()
    rows = await pool.fetch("SELECT back_on, sold_on, amount, disputed FROM returned_later")
    assert [tuple(row) for row in rows] == [(late, _DAY, 300_00, 30_00)]
    await pool.execute("UPDATE books SET returned_to = '-infinity'")
    await Reserves(pool).search()
    assert await pool.fetchval("SELECT count(*) FROM returned_later") == 1, "and once"


async def test_of_a_shop_that_gives_much_back_more_is_held(pool: asyncpg.Pool) -> None:
    for shop in _OTHERS[:2]:
        await _shop(pool, shop)
    for n in range(40):
        day = _DAY + timedelta(days=n)
        for shop in _OTHERS[:2]:
            await _sold(pool, 1_000_00, day, shop)
        if n > 2:
            await put(pool, "returned_later", {
                "merchant_id": _OTHERS[0], "back_on": day, "sold_on": day - timedelta(days=2),
                "currency": "156", "amount": 300_00, "disputed": 300_00,
            })  # fmt: skip
        await _days(pool, day).run()
    much, little = [(await _sums(pool, shop))[1] for shop in _OTHERS[:2]]
    assert much > 600_00, "of the last two days all is to come"
    assert much > 1.5 * little, "whose few days are drawn to what is usual at all"
    reason = await pool.fetchval(
        "SELECT reason->>'days' FROM reserves WHERE merchant_id = $1 ORDER BY on_day DESC",
        _OTHERS[0],
    )
    assert reason == "40"


async def test_two_processes_hold_and_give_free_once(pool: asyncpg.Pool) -> None:
    for shop in _OTHERS:
        await _shop(pool, shop)
        await _sold(pool, 1_000_00, _DAY, shop)
    counting = _days(pool, _DAY)
    # As if each had kept the books: what one does the other finds done.
    await counting._close(date.min, _evening(_DAY), None)
    held = [Reserves(pool).hold(_DAY) for _ in range(4)]
    await asyncio.gather(*held)
    when = {"today": _DAY, "business_date": _DAY, "now": _evening(_DAY), "most": 3}
    await asyncio.gather(*(pool.execute(*_DAYS["make_available"](**when)) for _ in range(8)))
    for shop in _OTHERS:
        available, held_back = await _sums(pool, shop)
        assert available + held_back == 1_000_00
        assert held_back > 0


@pytest.mark.parametrize("step", ["search", "searched", "keep", "free"])
async def test_who_comes_after_a_process_that_was_killed_goes_on(
    pool: asyncpg.Pool, step: str
) -> None:
    await _sold(pool, 1_000_00, _DAY)
    until = _DAY + timedelta(days=PRIOR.horizon)
    if step == "free":
        await _days(pool, _DAY).run()

    class Killed(BaseException):
        pass

    class Dying:
        """Dies as soon as a step is done: nothing after it is, not even the lease given back."""

        dead = False

        def __getattr__(self, name: str) -> Any:
            async def call(sql: str, *values: Any, **options: Any) -> Any:
                if self.dead:
                    raise Killed
                found = await getattr(pool, name)(sql, *values, **options)
                if sql == _SQL[step].sql:
                    self.dead = True
                    raise Killed
                return found

            return call

    day = until if step == "free" else _DAY
    with pytest.raises(Killed):
        await _days(Dying(), day).run()  # pyright: ignore[reportArgumentType]
    await pool.execute("UPDATE books SET leased_until = NULL")
    await _days(pool, day).run()
    available, held = await _sums(pool)
    assert available + held == 1_000_00
    assert (held == 0) == (step == "free")


async def test_what_is_looked_for_each_minute_goes_by_index(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool
) -> None:
    await table_owner.execute(
        "INSERT INTO merchant_days (merchant_id, id, currency, business_date, taken, given_back,"
        " fees, net, fee, due_on, holds, available_at)"
        " SELECT n::text, gen_random_uuid(), '156', $1, 0, 0, 0, 0, 0, $1, true, now()"
        " FROM generate_series(1, 20000) n",
        _DAY,
    )
    await table_owner.execute("ANALYZE merchant_days")
    sql, *values = _SQL["owed_day"](today=_DAY)
    plan = "\n".join(row[0] for row in await pool.fetch(f"EXPLAIN {sql}", *values))
    assert "merchant_days_due" in plan, plan


async def test_days_of_before_the_reserve_become_available_as_they_were(pool: asyncpg.Pool) -> None:
    """A day that was counted by an older version holds nothing back, whatever its terms."""
    await put(pool, "merchant_days", {
        "merchant_id": _SHOP, "id": uuid4(), "currency": "156", "business_date": _DAY,
        "taken": 100, "given_back": 0, "fees": 0, "net": 100, "fee": 0, "due_on": _DAY,
    })  # fmt: skip
    await pool.execute("UPDATE merchant_balances SET pending = 100")
    await _days(pool, _DAY).run()
    assert await _sums(pool) == (100, 0)
