"""The silence of an issuer that people hold is expected: no alarm, and it counts from the end."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from annul.domain.alarm_streams import Way
from annul.domain.alarms import Counts
from annul.operate.alarms.judging import Judging
from annul.operate.alarms.keeping import counted
from annul.operate.alarms.rules import USUAL_RULES
from annul.operate.alarms.view import watched
from tests.support.clock import HeldClock
from tests.support.rows import put

_ZONE = ZoneInfo("Asia/Shanghai")
_BANK, _OTHER = "00000101", "00000202"
_SALES = Way(_BANK, "sale", "620001", "A")
_ELSEWHERE = Way(_OTHER, "sale", "621001", "A")
_SHOP = Way(_BANK, "", "", "A", "104000000000001")
_FEW, _SILENT = Counts(approved=3), Counts(silent=3)
_USUAL = {_SALES: _FEW, _ELSEWHERE: _FEW, _SHOP: _FEW}
_UNHEARD = _USUAL | {_SALES: _SILENT, _SHOP: _SILENT}
_ELSEWHERE_ONLY = {_ELSEWHERE: _FEW}
_HELD = "circuit_open", "route_around", "maintenance", "end_of_day"


@pytest.fixture
def clock() -> HeldClock:
    """Begin on a Wednesday, at eleven of the shop's clock."""
    return HeldClock(datetime(2026, 11, 4, 11, tzinfo=_ZONE))


@pytest.fixture
async def judging(pool: asyncpg.Pool, clock: HeldClock) -> Judging:
    """Judge after four weeks in which every stream was as busy as usual."""
    streams = {stream for way in _USUAL for stream in way.streams()}
    today = clock.now().astimezone(_ZONE).replace(hour=0)
    rows = [
        (*stream, today - timedelta(days=day) + timedelta(hours=hour), sold, 0, 0, day % 2, 0, True)
        for stream in streams
        for day in range(1, 29)
        for hour in range(8, 22)
        for sold in (540 + (day * 7 + hour * 3) % 40 - 20,)
    ]
    await pool.copy_records_to_table("watched_hours", records=rows)
    issuer = {"name_zh": "银行", "name_en": "Bank", "host": "127.0.0.1", "port": 9}
    await put(pool, "issuers", {"issuer_id": _BANK} | issuer)
    return Judging(pool, clock, _ZONE)


async def _turns(
    pool: asyncpg.Pool,
    clock: HeldClock,
    judging: Judging,
    ways: dict[Way, Counts],
    minutes: int,
) -> None:
    for _ in range(6 * minutes):
        await pool.execute(*counted(ways, clock.now()))
        clock.forward(seconds=10)
        await judging.turn()


async def _hold(pool: asyncpg.Pool, clock: HeldClock, how: str, minutes: int) -> None:
    """Hold the issuer from now on."""
    now = clock.now()
    span = {"valid_from": now, "valid_until": now + timedelta(minutes=minutes)}
    row: dict[str, Any] = {"issuer_id": _BANK, "id": uuid4(), "kind": how, "set_by": "li"}
    row |= {"set_at": now, **span}
    if how in {"circuit_open", "route_around"}:
        await put(pool, "interventions", row | {"reason": "outage"})
    else:
        await put(pool, "policies", row)


async def _told(pool: asyncpg.Pool) -> list[tuple[str, str]]:
    rows = await pool.fetch(
        "SELECT kind, subject FROM incidents WHERE closed_at IS NULL ORDER BY kind, subject"
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("how", _HELD)
async def test_what_cannot_leave_to_an_issuer_that_is_held_is_no_alarm(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging, how: str
) -> None:
    await _turns(pool, clock, judging, _USUAL, 2)
    await _hold(pool, clock, how, 20)
    await _turns(pool, clock, judging, _UNHEARD, 20)
    assert await _told(pool) == []
    await _turns(pool, clock, judging, _UNHEARD, 1)
    assert await _told(pool) == [("went_silent", f"issuer {_BANK}")]


@pytest.mark.parametrize("how", _HELD)
async def test_that_nothing_comes_for_an_issuer_that_is_held_is_no_alarm(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging, how: str
) -> None:
    await _turns(pool, clock, judging, _USUAL, 2)
    await _hold(pool, clock, how, 40)
    await _turns(pool, clock, judging, _ELSEWHERE_ONLY, 40)
    assert await _told(pool) == []
    await _turns(pool, clock, judging, _ELSEWHERE_ONLY, 2)
    assert await _told(pool) == [], "the silence counts from the end of the hold"
    await _turns(pool, clock, judging, _ELSEWHERE_ONLY, 8)
    assert await _told(pool) == [("traffic_stopped", f"issuer {_BANK}")]


async def test_nothing_is_learnt_from_hours_in_which_an_issuer_is_held(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    await _turns(pool, clock, judging, _USUAL, 2)
    await _hold(pool, clock, "route_around", 60)
    await _turns(pool, clock, judging, _ELSEWHERE_ONLY, 61)
    rows = await pool.fetch("SELECT DISTINCT scope, member FROM watched_hours WHERE NOT usual")
    assert sorted(tuple(row) for row in rows) == [
        ("issuer", _BANK),
        ("range", f"{_BANK} 620001"),
    ]


async def test_a_hold_that_people_end_earlier_is_over(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    await _turns(pool, clock, judging, _USUAL, 2)
    await _hold(pool, clock, "circuit_open", 600)
    await _turns(pool, clock, judging, _UNHEARD, 5)
    await pool.execute("UPDATE interventions SET ended_at = $1, ended_by = 'li'", clock.now())
    await _turns(pool, clock, judging, _UNHEARD, 1)
    assert await _told(pool) == [("went_silent", f"issuer {_BANK}")]


async def test_an_outage_that_was_told_before_it_was_held_is_over_once_it_answers(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    await _turns(pool, clock, judging, _USUAL, 2)
    await _turns(pool, clock, judging, _UNHEARD, 1)
    told = [("went_silent", f"issuer {_BANK}")]
    assert await _told(pool) == told
    await _hold(pool, clock, "circuit_open", 5)
    await _turns(pool, clock, judging, _UNHEARD, 5)
    assert await _told(pool) == told
    await _turns(pool, clock, judging, _USUAL, 5)
    assert await _told(pool) == []
    assert await pool.fetchval("SELECT count(*) FROM incidents") == 1


async def test_what_spoke_for_silence_before_a_hold_does_not_count_after_it(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    await _turns(pool, clock, judging, _USUAL, 2)
    await pool.execute(*counted(_USUAL | {_SALES: Counts(silent=2)}, clock.now()))
    clock.forward(seconds=3)
    await judging.turn()
    assert await _evidence(pool) > 0.2
    await _hold(pool, clock, "circuit_open", 5)
    await _turns(pool, clock, judging, _UNHEARD, 1)
    assert await _evidence(pool) == 0.0


async def _evidence(pool: asyncpg.Pool) -> float:
    found = await watched(pool, USUAL_RULES, "issuer", _BANK)
    return next(one.evidence for one in found if one.measure == "went_silent")


async def test_a_window_without_an_end_holds(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    now = clock.now()
    row = {"issuer_id": _BANK, "id": uuid4(), "kind": "maintenance", "set_by": "li", "set_at": now}
    await put(pool, "policies", row | {"valid_from": now})
    await _turns(pool, clock, judging, _UNHEARD, 5)
    assert await _told(pool) == []


async def test_where_only_retries_are_paused_payments_go_on_and_silence_is_told(
    pool: asyncpg.Pool, clock: HeldClock, judging: Judging
) -> None:
    now = clock.now()
    row = {
        "issuer_id": _BANK,
        "id": uuid4(),
        "kind": "retries_paused",
        "set_by": "li",
        "reason": "why",
    }
    span = {"set_at": now, "valid_from": now, "valid_until": now + timedelta(hours=9)}
    await put(pool, "interventions", row | span)
    await _turns(pool, clock, judging, _USUAL, 2)
    await _turns(pool, clock, judging, _UNHEARD, 1)
    assert await _told(pool) == [("went_silent", f"issuer {_BANK}")]
