"""Deadlines of chargebacks: what is late moves on by the table, what is near is told once."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from annul.domain.chargebacks import Act, Stage
from annul.settle.chargebacks import book
from annul.settle.chargebacks.book import Doing
from annul.settle.chargebacks.turns import Turns
from tests.support.charged import CALENDAR, RULES, SHOP, claimed, done, letter, sums
from tests.support.clock import NOON, HeldClock
from tests.support.rows import put, put_transaction

DAYS = [timedelta(days=days) for days in range(200)]


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(NOON)


@pytest.fixture
def turns(pool: asyncpg.Pool, clock: HeldClock) -> Turns:
    return Turns(pool, RULES, CALENDAR, clock)


async def stage(pool: asyncpg.Pool, number: str = "CB1") -> str:
    return await pool.fetchval("SELECT stage FROM chargebacks WHERE number = $1", number)


async def test_who_does_not_answer_in_time_has_paid(
    pool: asyncpg.Pool, turns: Turns, clock: HeldClock
) -> None:
    one = await claimed(pool, await put_transaction(pool, 1))
    assert one is not None
    await done(pool, one.id, Act.CHARGE_BACK)
    clock.at = NOON + DAYS[29]
    assert await turns.run() == 0
    clock.at = NOON + DAYS[30]
    both = await asyncio.gather(turns.run(), Turns(pool, RULES, CALENDAR, clock).run())
    assert sum(both) == 1
    assert await stage(pool) == Stage.EXPIRED
    assert await sums(pool) == {
        "issuer_receivable": 10_000, "fee_income": 500, "merchant_available": -10_500,
    }  # fmt: skip
    assert await turns.run() == 0


async def test_an_issuer_that_does_not_answer_has_lost(
    pool: asyncpg.Pool, turns: Turns, clock: HeldClock
) -> None:
    one = await claimed(pool, await put_transaction(pool, 1))
    assert one is not None
    await done(pool, one.id, Act.CHARGE_BACK)
    await letter(pool, one.id)
    await done(pool, one.id, Act.REPRESENT)
    clock.at = NOON + DAYS[30]
    assert await turns.run() == 1
    assert (await stage(pool), await sums(pool)) == (Stage.WON, {})


async def test_what_waits_for_a_second_person_is_not_ended_by_the_clock(
    pool: asyncpg.Pool, turns: Turns, clock: HeldClock
) -> None:
    one = await claimed(pool, await put_transaction(pool, 1))
    assert one is not None
    await done(pool, one.id, Act.CHARGE_BACK)
    async with pool.acquire() as connection, connection.transaction():
        found = await book.locked(connection, one.id)
        await book.ask(connection, found, Act.WITHDRAW, Doing("li", "their letter", NOON))
    clock.at = NOON + DAYS[31]
    assert await turns.run() == 0
    assert await stage(pool) == Stage.FIRST


async def test_the_network_takes_its_time(
    pool: asyncpg.Pool, turns: Turns, clock: HeldClock
) -> None:
    one = await claimed(pool, await put_transaction(pool, 1))
    assert one is not None
    await done(pool, one.id, Act.CHARGE_BACK)
    await letter(pool, one.id)
    await done(pool, one.id, Act.REPRESENT, Act.SECOND, Act.ARBITRATE)
    clock.at = NOON + DAYS[59]
    assert await turns.run() == 0
    assert await _open(pool) == []
    clock.at = NOON + DAYS[199]
    other = Turns(pool, RULES, CALENDAR, clock)
    assert sum(await asyncio.gather(turns.run(), other.run())) == 0
    assert await stage(pool) == Stage.ARBITRATION
    [row] = await _open(pool)
    assert (row["kind"], row["params"]["number"]) == ("chargeback_ruling_late", "CB1")
    await pool.execute("UPDATE incidents SET closed_at = $1", clock.at)
    await turns.run()  # it was told once
    assert await _open(pool) == []
    assert await pool.fetchval("SELECT count(*) FROM incidents") == 1


async def test_a_ruling_that_comes_late_ends_what_was_told(
    pool: asyncpg.Pool, turns: Turns, clock: HeldClock
) -> None:
    one = await claimed(pool, await put_transaction(pool, 1))
    assert one is not None
    await done(pool, one.id, Act.CHARGE_BACK)
    await letter(pool, one.id)
    await done(pool, one.id, Act.REPRESENT, Act.SECOND, Act.ARBITRATE)
    clock.at = NOON + DAYS[61]
    await turns.run()
    assert [row["kind"] for row in await _open(pool)] == ["chargeback_ruling_late"]
    await done(pool, one.id, Act.WIN, at=clock.at)
    assert await _open(pool) == []
    assert await stage(pool) == Stage.WON


async def test_a_near_deadline_of_ours_is_told_once_until_it_is_answered(
    pool: asyncpg.Pool, turns: Turns, clock: HeldClock
) -> None:
    hook = {
        "merchant_id": SHOP, "id": (await put_transaction(pool, 9)).id, "url": "https://shop.example",
        "secret": b"sealed", "inside": False, "created_by": "li", "created_at": NOON,
    }  # fmt: skip
    await put(pool, "webhooks", hook)
    sale = await put_transaction(pool, 1)
    one = await claimed(pool, sale)
    assert one is not None
    await done(pool, one.id, Act.CHARGE_BACK)
    await turns.run()
    assert await _open(pool) == []
    clock.at = NOON + DAYS[26]
    for _ in range(3):
        await turns.run()
    [row] = await _open(pool)
    assert (row["kind"], row["subject"], row["params"]["number"]) == (
        "chargeback_due_soon", str(sale.id), "CB1",
    )  # fmt: skip
    told = await pool.fetch("SELECT event FROM notifications ORDER BY created_at, event")
    assert [one["event"] for one in told] == ["chargeback.opened", "chargeback.due"]
    await letter(pool, one.id)
    await done(pool, one.id, Act.REPRESENT, at=clock.at)
    assert await _open(pool) == []


async def _open(pool: asyncpg.Pool) -> list[asyncpg.Record]:
    return await pool.fetch("SELECT kind, subject, params FROM incidents WHERE closed_at IS NULL")
