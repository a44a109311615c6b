"""Counts are judged once, whoever does it; one trouble opens one incident and closes it again."""

import asyncio
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from annul.domain.alarm_streams import EVERYTHING, Scope, Stream, Way
from annul.domain.alarms import Counts, Measure
from annul.domain.incident import Reader
from annul.domain.incidents import INCIDENTS
from annul.operate.alarms.holding import Holds
from annul.operate.alarms.judging import Judging
from annul.operate.alarms.keeping import counted
from tests.support.clock import HeldClock
from tests.support.rows import put, put_case

_ZONE = ZoneInfo("Asia/Shanghai")
_BANK, _OTHER = "00000101", "00000202"
_SALES = Way(_BANK, "sale", "620001", "A")
_VOIDS = Way(_BANK, "void", "620001", "A")
_ELSEWHERE = Way(_OTHER, "sale", "621001", "A")
_SHOP = Way(_BANK, "", "", "A", "104000000000001")
_WELL = Counts(approved=19, declined=1)


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def judging(pool: asyncpg.Pool, clock: HeldClock) -> Judging:
    return Judging(pool, clock, _ZONE)


async def _count(pool: asyncpg.Pool, clock: HeldClock, **ways: Any) -> None:
    await pool.execute(*counted(ways["ways"], clock.now()))


async def _turns(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging, ways: dict[Way, Counts], turns: int
) -> None:
    for _ in range(turns):
        await _count(pool, clock, ways=ways)
        clock.forward(seconds=3)
        await judging.turn()


async def _learnt(pool: asyncpg.Pool, clock: HeldClock) -> None:
    """Give every stream four weeks of the same quiet traffic: 5 % declined, 0.5 % silent."""
    streams = {stream for way in (_SALES, _VOIDS, _ELSEWHERE, _SHOP) for stream in way.streams()}
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    hours = [hour - timedelta(hours=n) for n in range(1, 28 * 24)]
    rows = [
        (*stream, one, 180 + n % 21, 10, 0, n % 2, 1, True)
        for stream in streams
        for n, one in enumerate(hours)
    ]
    await pool.copy_records_to_table("watched_hours", records=rows)


async def _open(pool: asyncpg.Pool) -> list[tuple[str, str]]:
    rows = await pool.fetch(
        "SELECT kind, subject FROM incidents WHERE closed_at IS NULL ORDER BY kind, subject"
    )
    return [tuple(row) for row in rows]


_USUAL = {_SALES: _WELL, _VOIDS: _WELL, _ELSEWHERE: _WELL, _SHOP: _WELL}


async def test_an_issuer_that_goes_silent_is_told_of_once_and_closes_by_itself(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    await _learnt(pool, clock)
    await _turns(pool, clock, judging, _USUAL, 20)
    assert await _open(pool) == []
    silent = Counts(silent=3)
    began = clock.now()
    ill = {_SALES: silent, _VOIDS: silent, _SHOP: silent, _ELSEWHERE: _WELL}
    await _turns(pool, clock, judging, ill, 3)
    told = [("went_silent", f"issuer {_BANK}")]
    assert await _open(pool) == told
    (row,) = await pool.fetch("SELECT params, opened_at FROM incidents")
    assert row["opened_at"] - began <= timedelta(seconds=9)
    assert row["params"]["since"] == began.isoformat()
    await _turns(pool, clock, judging, ill, 10)
    assert await _open(pool) == told, "its kinds, its cards and the shop are explained by it"
    await _turns(pool, clock, judging, _USUAL, 5)
    assert await _open(pool) == []
    assert await pool.fetchval("SELECT count(*) FROM incidents") == 1
    assert await pool.fetchval("SELECT count(*) FROM watched WHERE alarms <> '{}'") == 0


async def test_a_kind_whose_approvals_drop_says_so_with_money_and_cause(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    await _learnt(pool, clock)
    await _turns(pool, clock, judging, _USUAL, 20)
    ill = _USUAL | {_VOIDS: Counts(approved=14, declined=6)}
    await _turns(pool, clock, judging, ill, 5)
    told = [("approvals_dropped", f"kind {_BANK} void")]
    assert await _open(pool) == told
    case = {"issuer_id": _BANK, "kind": "void", "opened_at": clock.now(), "amount": 12_300}
    for at in range(3):
        cause = "issuer_unsupported" if at else "card_problem"
        await put_case(pool, **case, cause=cause, number=f"60000000000{at}")
    await put_case(pool, **(case | {"issuer_id": _OTHER}), cause="issuer_down")
    clock.forward(seconds=60)
    await judging.turn()
    (row,) = await pool.fetch("SELECT kind, params FROM incidents")
    said = INCIDENTS[row["kind"]].said(row["params"], Reader("en"))
    assert said.startswith(f"void of a sale at issuer {_BANK}: since")
    assert "3 open cases with CNY 369.00" in said
    assert "(2 of 3 cases)" in said
    assert "5.0 %" in said
    assert set(row["params"]) == set(INCIDENTS[row["kind"]].parameters())
    zh = INCIDENTS[row["kind"]].said(row["params"], Reader("zh"))
    assert "3件案件" in zh


async def test_two_that_judge_at_once_count_nothing_twice_and_what_is_killed_counts_later(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    other = Judging(pool, clock, _ZONE)
    for _ in range(10):
        await _count(pool, clock, ways=_USUAL)
        await asyncio.gather(judging.turn(), other.turn(), judging.turn())
        clock.forward(seconds=3)
    await judging.turn()
    counts = await pool.fetchval("SELECT counts FROM watched WHERE scope = 'all'")
    assert counts == [570, 30, 0, 0, 0]
    await _count(pool, clock, ways=_USUAL)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await _cut_off(pool, judging, clock)
    assert await pool.fetchval("SELECT counts FROM watched WHERE scope = 'all'") == counts
    await other.turn()
    counts = await pool.fetchval("SELECT counts FROM watched WHERE scope = 'all'")
    assert counts == [627, 33, 0, 0, 0]
    assert await pool.fetchval("SELECT count(*) FROM watch_counts") == 0


async def _cut_off(pool: asyncpg.Pool, judging: Judging, clock: HeldClock) -> None:
    """Judge, and lose the connection's transaction before it is committed."""
    async with pool.acquire() as connection, connection.transaction():
        await judging._judge(connection, clock.now(), Holds((), clock.now()))
        await connection.execute("SELECT 1 / 0")


async def test_hours_are_kept_once_they_are_over_but_not_those_of_a_trouble(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    await _turns(pool, clock, judging, {_SALES: _WELL}, 2)
    first = clock.now().replace(minute=0, second=0)
    clock.forward(hours=1)
    await _turns(pool, clock, judging, {_SALES: _WELL}, 1)
    rows = await pool.fetch("SELECT * FROM watched_hours WHERE scope = 'issuer'")
    assert [(row["hour"], row["approved"], row["declined"], row["usual"]) for row in rows] == [
        (first, 38, 2, True)
    ]
    await _turns(pool, clock, judging, {_SALES: Counts(silent=20)}, 3)
    assert ("went_silent", f"issuer {_BANK}") in await _open(pool)
    clock.forward(hours=1)
    await _turns(pool, clock, judging, {_SALES: Counts(silent=20)}, 1)
    assert await pool.fetchval("SELECT sum(silent) FROM watched_hours WHERE usual") == 0
    assert ("went_silent", f"issuer {_BANK}") in await _open(pool), "silence does not wear off"


async def test_a_new_stream_is_not_judged_by_what_nobody_knows(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    """A shop whose customers are declined one time in four has nothing to compare with."""
    shop = {Way(_BANK, "", "", "", "104000000000009"): Counts(approved=3, declined=1)}
    await _turns(pool, clock, judging, shop, 15)
    assert await _open(pool) == []


async def test_what_is_slow_is_learnt_for_each_issuer(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    latencies = [0] * 28
    latencies[9], latencies[13] = 2_000, 10  # within 50 ms and within 200
    counts = ("approvals", "silent", "not_sent", "late", "faults", "link_drops", "garbled")
    row = {"issuer_id": _BANK, "node": 0, "slot": clock.now(), "codes": {}, "tail": []}
    more = dict.fromkeys((*counts, "voids", "void_approvals"), 0)
    await put(pool, "issuer_stats", row | more | {"requests": 2_010, "latencies": latencies})
    await _turns(pool, clock, judging, {_SALES: _WELL}, 1)
    assert await pool.fetchval("SELECT slow_ms FROM watched WHERE scope = 'issuer'") == 50


def test_streams_of_a_count() -> None:
    assert set(_SALES.streams()) == {
        EVERYTHING,
        Stream(Scope.ISSUER, _BANK),
        Stream(Scope.KIND, f"{_BANK} sale"),
        Stream(Scope.RANGE, f"{_BANK} 620001"),
        Stream(Scope.SOFTWARE, "A"),
    }
    assert list(Way(_BANK, "echo").streams()) == [Stream(Scope.KIND, f"{_BANK} echo")]
    assert str(Measure.SILENCE) in INCIDENTS
