"""Changed limits of the alarms tried on the journal: which come, when, of which stream."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from annul.domain.alarm_streams import EVERYTHING, Scope, Stream, Way
from annul.domain.alarms import Measure
from annul.domain.states import Sent, State
from annul.operate.alarms.rules import AlarmRules
from annul.operate.whatif import alarms
from annul.operate.whatif.alarms import SLOT, Alarmed, Watching, changed, replay
from tests.support.builders import transaction
from tests.support.clock import NOON

_ZONE = ZoneInfo("Asia/Shanghai")
_BANK, _SHOP = "00000101", "898000058120000"
_SPAN = (NOON, NOON + timedelta(hours=2))


@pytest.fixture(autouse=True)
async def _learnt(pool: asyncpg.Pool) -> None:
    """Give four weeks of the same quiet traffic: one in twenty declined, few silent."""
    streams = {
        *Way(_BANK, "sale", "620001").streams(),
        EVERYTHING,
        Stream(Scope.MERCHANT, _SHOP),
    }
    hour = NOON.replace(minute=0, second=0, microsecond=0)
    rows = [
        (*stream, hour - timedelta(hours=n), 114, 6, 0, n % 2, 1, True)
        for stream in streams
        for n in range(1, 28 * 24)
    ]
    await pool.copy_records_to_table("watched_hours", records=rows)


async def _sold(pool: asyncpg.Pool, codes: list[str], since: datetime = NOON) -> None:
    """Sell every half minute, each to another card; an empty code is a silence."""
    rows: list[dict[str, Any]] = []
    for n, code in enumerate(codes):
        at = since + timedelta(seconds=30 * n)
        heard = {
            "state": State.APPROVED if code == "00" else State.DECLINED,
            "sent": Sent.ANSWERED,
            "answered_at": at + timedelta(seconds=1),
        }
        silent = {"state": State.UNKNOWN, "sent": Sent.POSSIBLY_SENT}
        row = transaction(
            id=uuid7(),
            trace=f"{n:06d}",
            rrn=f"{n:012d}",
            merchant_id=_SHOP,
            issuer_id=_BANK,
            card_hash=n.to_bytes(32, "big"),
            card_masked="620001******0007",
            response_code=code or "98",
            received_at=at,
            **(heard if code else silent),
        )
        rows.append(row._asdict() | {"node": 0})
    await pool.copy_records_to_table(
        "transactions", columns=list(rows[0]), records=[list(one.values()) for one in rows]
    )


async def _tried(pool: asyncpg.Pool, *rules: AlarmRules) -> tuple[list[Alarmed], Watching]:
    watching = Watching()
    before, after = rules
    return [one async for one in replay(pool, _ZONE, _SPAN, (before, after), watching)], watching


async def test_the_same_limits_differ_in_nothing(pool: asyncpg.Pool) -> None:
    await _sold(pool, ["00"] * 60 + [""] * 40 + ["00"] * 100)
    found, watching = await _tried(pool, AlarmRules(), AlarmRules())
    assert found == []
    assert watching == Watching(200, alarms_before=1, alarms_after=1)


async def test_stricter_limits_leave_an_alarm_out_and_looser_ones_have_it(
    pool: asyncpg.Pool,
) -> None:
    await _sold(pool, ["00"] * 60 + ["05", "00", "05"] * 4 + ["00"] * 60)
    strict, loose = AlarmRules(per_million=0.01), AlarmRules(per_million=1_000)
    found, watching = await _tried(pool, loose, strict)
    (one,) = [each for each in found if each.measure is Measure.APPROVALS]
    assert one.after is None
    assert one.before is not None
    assert NOON + timedelta(minutes=30) <= one.before <= NOON + timedelta(minutes=40)
    assert (watching.alarms_before, watching.alarms_after) == (len(found), 0)
    turned, _ = await _tried(pool, strict, loose)
    assert [(each.before, each.after) for each in turned] == [
        (each.after, each.before) for each in found
    ]


async def test_one_that_comes_sooner_is_the_same_at_another_time(pool: asyncpg.Pool) -> None:
    await _sold(pool, ["00"] * 60 + ["00", "05"] * 60 + ["00"] * 40)
    found, watching = await _tried(pool, AlarmRules(per_million=0.001), AlarmRules(per_million=100))
    (one,) = [each for each in found if each.measure is Measure.APPROVALS]
    assert one.before is not None
    assert one.after is not None
    assert one.before - one.after >= SLOT
    assert watching.moved == len(found)


async def test_what_one_card_fails_in_a_minute_counts_once(pool: asyncpg.Pool) -> None:
    await _sold(pool, ["00"] * 20 + ["05"] * 20)
    await pool.execute("UPDATE transactions SET card_hash = '\\x07' WHERE response_code = '05'")
    _, watching = await _tried(pool, AlarmRules(), AlarmRules())
    assert watching.transactions == 21


async def test_a_stretch_begins_where_the_last_one_ended(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _sold(pool, ["00"] * 60 + [""] * 40 + ["00"] * 100)
    monkeypatch.setattr(alarms, "_STRETCH", 2 * SLOT)
    _, watching = await _tried(pool, AlarmRules(), AlarmRules())
    assert watching == Watching(200, alarms_before=1, alarms_after=1)


def test_only_what_is_named_is_changed() -> None:
    rules = AlarmRules(shops=True)
    assert changed(rules, None, None) == rules
    assert changed(rules, 5.0, 14) == AlarmRules(per_million=5.0, history_days=14, shops=True)
