"""A stream in which requests are the rule and none come is told of once, and nights say nothing."""

import asyncio
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from annul.domain.alarm_streams import Way
from annul.domain.alarms import Counts
from annul.domain.incident import Reader
from annul.domain.incidents import INCIDENTS
from annul.operate.alarms.holding import Holds
from annul.operate.alarms.judging import Judging
from annul.operate.alarms.keeping import counted
from annul.operate.alarms.rules import AlarmRules
from annul.operate.alarms.traffic import special
from tests.support.clock import HeldClock

_ZONE = ZoneInfo("Asia/Shanghai")
_BANK, _OTHER, _SHOP = "00000101", "00000202", "104000000000001"
_SALES, _ELSEWHERE = Way(_BANK, "sale", "620001", "A"), Way(_OTHER, "sale", "621001", "A")
_OF_SHOP = Way(_BANK, "", "", "A", _SHOP)
_FEW = Counts(approved=3)
_USUAL = {_SALES: _FEW, _ELSEWHERE: _FEW, _OF_SHOP: _FEW}
_OPENS, _SHUTS = 8, 22
_HOURLY = 180
_SHOPS = AlarmRules(shops=True)


@pytest.fixture
def clock() -> HeldClock:
    """Begin on a Wednesday, at eleven of the shop's clock."""
    return HeldClock(datetime(2026, 11, 4, 11, tzinfo=_ZONE))


@pytest.fixture
def judging(pool: asyncpg.Pool, clock: HeldClock) -> Judging:
    return Judging(pool, clock, _ZONE, _SHOPS)


async def _learnt(pool: asyncpg.Pool, clock: HeldClock) -> None:
    """Give four weeks in which the shop, and all, were busy from eight to ten."""
    streams = {stream for way in _USUAL for stream in way.streams()}
    today = clock.now().astimezone(_ZONE).replace(hour=0)
    rows = [
        (*stream, today - timedelta(days=day) + timedelta(hours=hour), sold, 0, 0, 0, 0, True)
        for stream in streams
        for day in range(1, 29)
        for hour in range(_OPENS, _SHUTS)
        for sold in (_HOURLY + (day * 7 + hour * 3) % 40 - 20,)
    ]
    await pool.copy_records_to_table("watched_hours", records=rows)


async def _turns(
    pool: asyncpg.Pool,
    clock: HeldClock,
    judging: Judging,
    ways: dict[Way, Counts],
    minutes: int,
) -> None:
    for _ in range(3 * minutes):
        if ways:
            await pool.execute(*counted(ways, clock.now()))
        clock.forward(seconds=20)
        await judging.turn()


async def _told(pool: asyncpg.Pool) -> list[str]:
    rows = await pool.fetch(
        "SELECT subject FROM incidents WHERE kind = 'traffic_stopped' AND closed_at IS NULL"
        " ORDER BY subject"
    )
    return [row["subject"] for row in rows]


async def test_a_shop_from_which_nothing_comes_is_told_of_once_until_it_sells_again(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    await _learnt(pool, clock)
    await _turns(pool, clock, judging, _USUAL, 3)
    began = clock.now()
    others = {_SALES: _FEW, _ELSEWHERE: _FEW}
    await _turns(pool, clock, judging, others, 6)
    assert await _told(pool) == [], "six minutes are 18 requests of its mean; its least is fewer"
    await _turns(pool, clock, judging, others, 14)
    assert await _told(pool) == [f"merchant {_SHOP}"]
    (row,) = await pool.fetch("SELECT * FROM incidents WHERE kind = 'traffic_stopped'")
    assert row["merchant_id"] == _SHOP
    assert datetime.fromisoformat(row["params"]["since"]) == began
    kind = INCIDENTS["traffic_stopped"]
    assert set(row["params"]) == set(kind.parameters())
    assert "no request since" in kind.said(row["params"], Reader("en"))
    await _turns(pool, clock, judging, _USUAL, 1)
    assert await _told(pool) == []
    assert await pool.fetchval("SELECT count(*) FROM incidents") == 1
    unusual = "SELECT count(*) FROM watched_hours WHERE member = $1 AND NOT usual"
    assert await pool.fetchval(unusual, _SHOP) == 1, "nothing is learnt from that hour"


async def test_nights_say_nothing_and_the_morning_does(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    await _learnt(pool, clock)
    clock.forward(hours=10, minutes=50)
    await _turns(pool, clock, judging, _USUAL, 9)
    await _turns(pool, clock, judging, {}, 60 * 10)
    assert clock.now().astimezone(_ZONE).hour == 7
    assert await _told(pool) == []
    await _turns(pool, clock, judging, {}, 90)
    assert await _told(pool) == ["all "], "one trouble; a shop that has not opened says nothing"


async def test_on_a_holiday_silence_is_no_trouble(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    assert [special(date(2026, 10, day)) for day in (1, 3, 9, 10)] == [True, False, False, True]
    assert not special(date(2099, 1, 1))
    clock.forward(days=-35)  # the evening before National Day
    await _learnt(pool, clock)
    clock.forward(hours=10, minutes=50)
    await _turns(pool, clock, judging, _USUAL, 9)
    clock.forward(hours=9, minutes=30)
    await _turns(pool, clock, judging, {}, 120)
    assert await _told(pool) == []


async def test_what_came_while_nobody_judged_is_not_known(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    await _learnt(pool, clock)
    await _turns(pool, clock, judging, _USUAL, 3)
    clock.forward(hours=2)
    await _turns(pool, clock, judging, {}, 5)
    assert await _told(pool) == []
    await _turns(pool, clock, judging, {}, 30)
    assert await _told(pool) == ["all "]


async def test_all_of_it_is_one_trouble_and_its_streams_are_judged_anew(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    await _learnt(pool, clock)
    await _turns(pool, clock, judging, _USUAL, 3)
    await _turns(pool, clock, judging, {}, 40)
    assert await _told(pool) == ["all "]
    await _turns(pool, clock, judging, {_SALES: _FEW}, 6)
    assert await _told(pool) == []
    await _turns(pool, clock, judging, {_SALES: _FEW}, 14)
    assert await _told(pool) == [f"issuer {_OTHER}", f"merchant {_SHOP}"]


async def test_two_that_look_at_once_raise_one_and_what_is_killed_is_raised_later(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    other = Judging(pool, clock, _ZONE, _SHOPS)
    await _learnt(pool, clock)
    await _turns(pool, clock, judging, _USUAL, 3)
    others = {_SALES: _FEW, _ELSEWHERE: _FEW}
    for _ in range(60):
        await pool.execute(*counted(others, clock.now()))
        clock.forward(seconds=20)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await _cut_off(pool, judging, clock)
        assert await _told(pool) == []
    # Nothing of these turns was kept, neither that somebody judged: the silence begins anew.
    for _ in range(60):
        await pool.execute(*counted(others, clock.now()))
        clock.forward(seconds=20)
        await asyncio.gather(judging.turn(), other.turn())
    assert await _told(pool) == [f"merchant {_SHOP}"]
    assert await pool.fetchval("SELECT count(*) FROM incidents") == 1


async def _cut_off(pool: asyncpg.Pool, judging: Judging, clock: HeldClock) -> None:
    """Judge, and lose the connection's transaction before it is committed."""
    async with pool.acquire() as connection, connection.transaction():
        await judging._judge(connection, clock.now(), Holds((), clock.now()))
        await judging._traffic.look(connection, clock.now(), Holds((), clock.now()))
        await connection.execute("SELECT 1 / 0")


async def test_a_silence_that_lasts_is_what_is_usual(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    await _learnt(pool, clock)
    await _turns(pool, clock, judging, _USUAL, 3)
    others = {_SALES: _FEW, _ELSEWHERE: _FEW}
    await _turns(pool, clock, judging, others, 30)
    assert await _told(pool) == [f"merchant {_SHOP}"]
    clock.forward(days=3)
    await _turns(pool, clock, judging, others, 2)
    assert await _told(pool) == []
    assert await pool.fetchval("SELECT count(*) FROM watched_traffic WHERE member = $1", _SHOP) == 0
    await _turns(pool, clock, judging, _USUAL, 1)
    assert await pool.fetchval("SELECT count(*) FROM watched_traffic WHERE member = $1", _SHOP) == 1


async def test_shops_are_told_of_only_if_somebody_wants_it(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    """A shop may have closed early; one that was told is let go once nobody asks any more."""
    await _learnt(pool, clock)
    await _turns(pool, clock, judging, _USUAL, 3)
    others = {_SALES: _FEW, _ELSEWHERE: _FEW}
    await _turns(pool, clock, judging, others, 20)
    assert await _told(pool) == [f"merchant {_SHOP}"]
    plain = Judging(pool, clock, _ZONE)
    await _turns(pool, clock, plain, others, 20)
    assert await _told(pool) == []


async def test_a_card_range_that_is_lost_is_told_of_and_not_with_its_issuer(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    """Somebody takes cards out of the routing: nobody declines them, they only stay away."""
    await _learnt(pool, clock)
    other = Way(_BANK, "sale", "629999", "A")
    await _turns(pool, clock, judging, _USUAL | {other: _FEW}, 3)
    await _turns(pool, clock, judging, {_ELSEWHERE: _FEW, _OF_SHOP: _FEW, other: _FEW}, 20)
    assert await _told(pool) == [f"range {_BANK} 620001"]
    await _turns(pool, clock, judging, {_ELSEWHERE: _FEW, _OF_SHOP: _FEW}, 40)
    assert await _told(pool) == [f"issuer {_BANK}", f"range {_BANK} 620001"]
