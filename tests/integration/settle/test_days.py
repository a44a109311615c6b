"""Business days are closed, counted and made available, each once, whoever is killed between."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from annul.cells.moving import _SQL as _MOVING
from annul.domain.business_day import Calendar
from annul.domain.ledger import MERCHANT_AVAILABLE, MERCHANT_FROZEN, PostingKind, Transfer
from annul.settle import days as module
from annul.settle.days import _SQL, Days, Settled
from annul.store.posting import Posted, Posting, post
from tests.support.clock import HeldClock
from tests.support.rows import put

_SHOPS = tuple(f"8980000581200{number:02d}" for number in range(5))
_DAY = date(2026, 9, 24)  # a Thursday before a holiday: T+1 is Monday the 28th
_EVENING = datetime(2026, 9, 24, 15, 30, tzinfo=UTC)  # 23:30 there: the day has ended
_MONDAY = datetime(2026, 9, 28, 2, tzinfo=UTC)
_WHEN: dict[str, Any] = {"today": _DAY, "business_date": _DAY, "now": _MONDAY, "most": 9}
_SLOW = "SELECT pg_sleep(30)"
_CALENDAR = Calendar(ZoneInfo("Asia/Shanghai"), time(23))


def _days(pool: asyncpg.Pool, now: datetime) -> Days:
    return Days(pool, _CALENDAR, HeldClock(now))


@pytest.fixture(autouse=True)
async def shops(pool: asyncpg.Pool) -> None:
    for shop in _SHOPS:
        row = {"merchant_id": shop, "name_zh": "示例茶馆", "name_en": "Tea", "category": "5812"}
        await put(pool, "merchants", row)
        await put(pool, "merchant_balances", {"merchant_id": shop, "currency": "156"})


async def _entry(
    pool: asyncpg.Pool, shop: str, debit: str, credit: str, amount: int, day: date = _DAY
) -> None:
    """Write an entry of a sale or what gives it back, and move the balance with it."""
    await put(
        pool,
        "entries",
        {
            "merchant_id": shop, "subject": uuid4(), "kind": "approval", "line": 1,
            "debit": debit, "credit": credit, "amount": amount, "currency": "156",
            "business_date": day, "posted_at": _EVENING,
        },
    )  # fmt: skip
    await pool.execute(
        "UPDATE merchant_balances SET pending = pending + $2 WHERE merchant_id = $1",
        shop,
        amount if credit == "merchant_pending" else -amount,
    )


async def _sold(pool: asyncpg.Pool, shop: str, amount: int, fee: int, day: date = _DAY) -> None:
    await _entry(pool, shop, "issuer_receivable", "merchant_pending", amount, day)
    await _entry(pool, shop, "merchant_pending", "fee_income", fee, day)


async def _balances(pool: asyncpg.Pool) -> dict[str, tuple[int, int]]:
    rows = await pool.fetch("SELECT merchant_id, pending, available FROM merchant_balances")
    return {row[0]: (row[1], row[2]) for row in rows if row[1] or row[2]}


async def _agree(pool: asyncpg.Pool) -> bool:
    """Say whether balances are what the entries come to."""
    return await pool.fetchval(
        "SELECT bool_and(b.pending = e.pending AND b.available = e.available)"
        " FROM merchant_balances b CROSS JOIN LATERAL ("
        " SELECT coalesce(sum(CASE 'merchant_pending' WHEN credit THEN amount WHEN debit"
        " THEN -amount ELSE 0 END), 0) AS pending,"
        " coalesce(sum(CASE 'merchant_available' WHEN credit THEN amount WHEN debit"
        " THEN -amount ELSE 0 END), 0) AS available"
        " FROM entries x WHERE x.merchant_id = b.merchant_id) e"
    )


async def test_a_day_becomes_available_when_it_is_due_and_not_before(pool: asyncpg.Pool) -> None:
    await _sold(pool, _SHOPS[0], 100_00, 50)
    await _sold(pool, _SHOPS[0], 30_00, 15)
    await _entry(pool, _SHOPS[0], "merchant_pending", "issuer_receivable", 30_00)
    await _entry(pool, _SHOPS[0], "fee_income", "merchant_pending", 15)
    assert await _days(pool, _EVENING).run() == Settled((_DAY,), 1, 0)
    day = await pool.fetchrow("SELECT * FROM merchant_days")
    assert day is not None
    assert (day["taken"], day["given_back"], day["fees"], day["net"], day["due_on"]) == (
        130_00, 30_00, 50, 99_50, date(2026, 9, 28),
    )  # fmt: skip
    assert await _days(pool, _MONDAY - timedelta(days=1)).run() == Settled((), 0, 0)
    assert await _balances(pool) == {_SHOPS[0]: (99_50, 0)}
    assert await _days(pool, _MONDAY).run() == Settled((), 0, 1)
    assert await _balances(pool) == {_SHOPS[0]: (0, 99_50)}
    assert await _days(pool, _MONDAY).run() == Settled((), 0, 0), "and once only"
    assert await _agree(pool)


async def test_a_day_that_has_just_ended_is_still_open(pool: asyncpg.Pool) -> None:
    await _sold(pool, _SHOPS[0], 100_00, 50)
    assert await _days(pool, _EVENING - timedelta(minutes=21)).run() == Settled((), 0, 0)


async def test_each_shop_has_its_own_terms_from_a_day_on(pool: asyncpg.Pool) -> None:
    for shop, cycle, number, weekday, fee in (
        (_SHOPS[1], "calendar", 0, None, 2_000),
        (_SHOPS[2], "weekly", 1, 3, 0),
        (_SHOPS[3], "calendar", 1, None, 0),
    ):
        terms = {
            "merchant_id": shop, "valid_from": _DAY, "cycle": cycle, "days": number,
            "weekday": weekday, "fee_ppm": fee, "reserve_ppm": 0 if cycle == "calendar" else None,
            "set_by": "li", "set_at": _EVENING,
        }  # fmt: skip
        await put(pool, "settlement_terms", terms)
        await put(
            pool,
            "settlement_terms",
            terms
            | {"valid_from": _DAY + timedelta(days=9), "cycle": "calendar", "days": 60}
            | {"weekday": None},
        )
    for shop in _SHOPS[:4]:
        await _sold(pool, shop, 100_00, 50)
    done = await _days(pool, _EVENING).run()
    assert done == Settled((_DAY,), 4, 1)
    due = await pool.fetch("SELECT due_on, fee FROM merchant_days ORDER BY merchant_id")
    assert [tuple(row) for row in due] == [
        (date(2026, 9, 28), 0),
        (_DAY, 20),
        (date(2026, 9, 30), 0),
        (_DAY + timedelta(days=1), 0),
    ]
    assert (await _balances(pool))[_SHOPS[1]] == (0, 99_30)
    assert await _agree(pool)


@pytest.mark.parametrize(("net", "fee"), [(1_000_00, 2_00), (2_49, 0), (2_50, 1), (-9, 0)])
async def test_the_fee_is_a_share_of_what_a_day_comes_to(
    pool: asyncpg.Pool, net: int, fee: int
) -> None:
    terms = {"merchant_id": _SHOPS[0], "valid_from": _DAY, "cycle": "calendar", "days": 0}
    said = {"fee_ppm": 2_000, "reserve_ppm": 0, "set_by": "li", "set_at": _EVENING}
    await put(pool, "settlement_terms", terms | said)
    debit, credit = "issuer_receivable", "merchant_pending"
    debit, credit = (debit, credit) if net > 0 else (credit, debit)
    await _entry(pool, _SHOPS[0], debit, credit, abs(net))
    await _days(pool, _EVENING).run()
    assert await pool.fetchval("SELECT fee FROM merchant_days") == fee
    assert await _balances(pool) == {_SHOPS[0]: (0, net - fee)}
    assert await _agree(pool)


async def test_a_day_that_lost_money_takes_it_from_what_was_available(pool: asyncpg.Pool) -> None:
    await _entry(pool, _SHOPS[0], "merchant_pending", "issuer_receivable", 40_00)
    await _days(pool, _MONDAY).run()
    assert await _balances(pool) == {_SHOPS[0]: (0, -40_00)}
    assert await _agree(pool)


async def test_days_that_nobody_has_counted_yet_are_all_counted(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 2)
    old = [_DAY - timedelta(days=back) for back in (30, 9, 1)]
    for day in old:
        for shop in _SHOPS:
            await _sold(pool, shop, 10_00, 5, day)
    told: list[tuple[str, int]] = []
    done = await _days(pool, _EVENING).run(lambda what, count: told.append((what, count)))
    assert done == Settled(tuple(old), 15, 15)
    assert [count for what, count in told if what == "available"] == [2] * 7 + [1]
    assert await _agree(pool)


async def test_two_processes_do_it_once(pool: asyncpg.Pool) -> None:
    for shop in _SHOPS:
        await _sold(pool, shop, 100_00, 50)
    runs = await asyncio.gather(*(_days(pool, _MONDAY).run() for _ in range(4)))
    assert [done for done in runs if done is not None and done.counted] == [Settled((_DAY,), 5, 5)]
    assert await _balances(pool) == dict.fromkeys(_SHOPS, (0, 99_50))
    # As if each had kept the books: what is done is found to be done.
    await asyncio.gather(*(pool.execute(*_SQL["make_available"](**_WHEN)) for _ in range(4)))
    assert await _balances(pool) == dict.fromkeys(_SHOPS, (0, 99_50))


@pytest.mark.parametrize("step", ["close", "count_day", "make_available"])
async def test_who_comes_after_a_process_that_was_killed_goes_on(
    pool: asyncpg.Pool, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shop in _SHOPS:
        await _sold(pool, shop, 100_00, 50)
    monkeypatch.setattr(module, "_MOST", 2)

    class Killed(BaseException):
        pass

    class Dying:
        """Dies as soon as a step is done: nothing after it is, not even the lease given back."""

        dead = False

        def __getattr__(self, name: str) -> Any:
            async def call(sql: str, *values: Any) -> Any:
                if self.dead:
                    raise Killed
                found = await getattr(pool, name)(sql, *values)
                if sql == _SQL[step].sql:
                    self.dead = True
                    raise Killed
                return found

            return call

    with pytest.raises(Killed):
        await _days(Dying(), _MONDAY).run()  # pyright: ignore[reportArgumentType]
    assert await _days(pool, _MONDAY).run() is None, "the lease lasts"
    await _days(pool, _MONDAY + timedelta(minutes=11)).run()
    assert await _balances(pool) == dict.fromkeys(_SHOPS, (0, 99_50))
    assert await _agree(pool)


async def test_nothing_is_posted_on_a_day_that_is_closed(pool: asyncpg.Pool) -> None:
    await _sold(pool, _SHOPS[0], 100_00, 50)
    await _days(pool, _MONDAY).run()
    late = Posting(
        _SHOPS[0], "156", PostingKind.FREEZE, uuid4(),
        (Transfer(MERCHANT_AVAILABLE, MERCHANT_FROZEN, 5_00),), _DAY,
    )  # fmt: skip
    assert await post(pool, late, _MONDAY) is Posted.DONE
    booked = await pool.fetchval("SELECT business_date FROM entries WHERE kind = 'freeze'")
    assert booked == date(2026, 9, 28)


async def test_a_shop_that_moves_to_another_cell_is_settled_where_it_lives(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool
) -> None:
    """Days that were counted while it was on its way are looked at once more when it has come."""
    for shop in _SHOPS[:2]:
        await _sold(pool, shop, 100_00, 50, _DAY - timedelta(days=1))
    await _days(pool, _EVENING - timedelta(days=1)).run()
    leaving = "UPDATE merchants SET lives = 'leaving', cell = 'west' WHERE merchant_id = $1"
    await pool.execute(leaving, _SHOPS[1])
    await _sold(pool, _SHOPS[1], 20_00, 10)
    await _sold(pool, _SHOPS[0], 20_00, 10)
    done = await _days(pool, _MONDAY).run()
    assert done == Settled((_DAY,), 1, 2), "nothing of the one that moves"
    assert (await _balances(pool))[_SHOPS[1]] == (119_40, 0)
    await table_owner.execute(*_MOVING["arrive"](merchant=_SHOPS[1]))
    assert await _days(pool, _MONDAY).run() == Settled((_DAY,), 1, 2)
    assert (await _balances(pool))[_SHOPS[1]] == (0, 119_40)
    assert await _agree(pool)


async def test_who_began_before_a_day_was_closed_is_waited_for(
    database: str, pool: asyncpg.Pool
) -> None:
    """It may have read that the day is open, and write on it, until its statement has ended."""
    await _sold(pool, _SHOPS[0], 100_00, 50)
    writer = await asyncpg.connect(database)
    try:
        begun = writer.transaction()
        await begun.start()
        await writer.execute("SELECT pg_current_xact_id()")
        settling = asyncio.create_task(_days(pool, _EVENING).run())
        await _until(pool, "SELECT open_from > $1 FROM books", _DAY)
        assert not await pool.fetchval(*_SQL["quiet"]())
        await _entry_of(writer, 7_00)
        assert await pool.fetchval("SELECT count(*) FROM merchant_days") == 0
        await begun.commit()
        assert await settling == Settled((_DAY,), 1, 0)
        assert await pool.fetchval("SELECT taken FROM merchant_days") == 107_00
    finally:
        await writer.close()


async def test_so_is_a_statement_that_has_written_nothing_yet(
    database: str, pool: asyncpg.Pool
) -> None:
    reader = await asyncpg.connect(database)
    try:
        slow = asyncio.create_task(reader.execute(_SLOW))
        await _until(
            pool,
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query = $1)",
            "SELECT pg_sleep(30)",
        )
        await pool.execute(*_SQL["close"](day=_DAY))
        assert not await pool.fetchval(*_SQL["quiet"]())
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = $1"
        await pool.execute(ended, _SLOW)
        with pytest.raises(asyncpg.PostgresError):
            await slow
        await _until(pool, _SQL["quiet"].sql)
    finally:
        await reader.close()


async def test_what_is_read_goes_by_index(pool: asyncpg.Pool, table_owner: asyncpg.Pool) -> None:
    await table_owner.execute(
        "INSERT INTO entries SELECT $1, gen_random_uuid(), 'approval', 1, 'issuer_receivable',"
        " 'merchant_pending', n, '156', $2::date - 50 + n / 2000, now()"
        " FROM generate_series(1, 100000) n",
        _SHOPS[0],
        _DAY,
    )
    await table_owner.execute("ANALYZE entries")
    nobody = {key: [] for key in ("cycles", "days", "weekdays", "dues")}
    for name, index, values in (
        ("first_day", "entries_day", {"after": _DAY - timedelta(days=2), "before": _DAY}),
        ("count_day", "entries_day", {"day": _DAY, "default_due": _DAY, **nobody}),
        ("make_available", "merchant_days_due", _WHEN),
    ):
        sql, *arguments = _SQL[name](**values)
        plan = "\n".join(row[0] for row in await pool.fetch(f"EXPLAIN {sql}", *arguments))
        assert index in plan, plan


async def _entry_of(connection: asyncpg.Connection, amount: int) -> None:
    await connection.execute(
        "INSERT INTO entries VALUES ($1, gen_random_uuid(), 'approval', 1, 'issuer_receivable',"
        " 'merchant_pending', $2, '156', $3, now())",
        _SHOPS[0],
        amount,
        _DAY,
    )


async def _until(pool: asyncpg.Pool, sql: str, *values: Any) -> None:
    async with asyncio.timeout(10):
        while not await pool.fetchval(sql, *values):
            await asyncio.sleep(0.01)


async def test_what_was_closed_elsewhere_is_closed_where_a_merchant_arrives(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool
) -> None:
    """This cell may be a minute behind: what it posted on that day would never be counted."""
    day = {
        "merchant_id": _SHOPS[0], "id": uuid4(), "currency": "156", "business_date": _DAY,
        "taken": 100, "given_back": 0, "fees": 0, "net": 100, "fee": 0, "due_on": _DAY,
    }  # fmt: skip
    await put(pool, "merchant_days", day)
    await table_owner.execute("UPDATE books SET open_from = $1", _DAY)
    await table_owner.execute(*_MOVING["arrive"](merchant=_SHOPS[0]))
    assert await pool.fetchval("SELECT open_from FROM books") == _DAY + timedelta(days=1)
