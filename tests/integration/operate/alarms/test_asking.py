"""What fails is asked about directly: sales have no cases that would say why."""

from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from annul.diagnose.causes import CAUSES
from annul.diagnose.gather import Gatherer
from annul.diagnose.lessons import Lessons
from annul.diagnose.rank import rank
from annul.domain.alarm_streams import EVERYTHING, Scope, Stream
from annul.domain.alarms import Counts, Measure, Usual
from annul.domain.business_day import Calendar
from annul.domain.records import Transaction
from annul.domain.states import Sent, State
from annul.operate.alarms.asking import Asking, Told, leading
from annul.operate.alarms.raising import incident
from annul.operate.alarms.standing import Standing
from tests.support.clock import NOON, HeldClock
from tests.support.rows import put_transaction

_BANK, _OTHER = "00000101", "00000202"
_ISSUER = Stream(Scope.ISSUER, _BANK)
_SINCE = NOON - timedelta(minutes=10)


@pytest.fixture
def gatherer(pool: asyncpg.Pool) -> Gatherer:
    return Gatherer(pool, Calendar(ZoneInfo("Asia/Shanghai"), time(23)), HeldClock())


@pytest.fixture
def asking(pool: asyncpg.Pool, gatherer: Gatherer) -> Asking:
    return Asking(pool, gatherer, Lessons(pool))


async def _sale(pool: asyncpg.Pool, trace: int, **changes: Any) -> Transaction:
    values: dict[str, Any] = {
        "kind": "sale",
        "issuer_id": _BANK,
        "state": State.DECLINED,
        "sent": Sent.ANSWERED,
        "received_at": NOON - timedelta(seconds=trace),
        "answered_at": NOON - timedelta(seconds=trace) + timedelta(milliseconds=80),
    }
    return await put_transaction(pool, trace, **(values | changes))


_SILENT = {"state": State.REVERSING, "sent": Sent.POSSIBLY_SENT, "response_code": "",
           "answered_at": None, "why": "timed_out"}  # fmt: skip


async def test_sales_that_fail_say_why(pool: asyncpg.Pool, asking: Asking) -> None:
    for trace in range(1, 31):
        await _sale(pool, trace, response_code="91" if trace % 5 else "51")
    told = await asking.about(_ISSUER, Measure.FAULTS, _SINCE, 0)
    assert told is not None
    assert told == Told("issuer_down", 20, 20), "so many are asked about, and no more"
    assert await asking.about(Stream(Scope.ISSUER, _OTHER), Measure.FAULTS, _SINCE, 0) is None
    assert await asking.about(_ISSUER, Measure.SILENCE, _SINCE, 0) is None


async def test_a_payment_has_no_original_that_could_be_wrong(
    pool: asyncpg.Pool, gatherer: Gatherer, asking: Asking
) -> None:
    one = await _sale(pool, 1, response_code="51")
    picture = await gatherer.picture(one)
    assert "original.found" not in {name for name, _ in picture.facts}
    found = [finding.cause.name for finding in rank(picture.facts)]
    assert set(found) == set(CAUSES)
    told = await asking.about(_ISSUER, Measure.APPROVALS, _SINCE, 0)
    assert told is None or told.cause not in {"merchant_balance_low", "original_not_found"}


async def test_each_measure_asks_about_what_it_is_about(pool: asyncpg.Pool, asking: Asking) -> None:
    await _sale(pool, 1, response_code="05")
    await _sale(pool, 2, response_code="96")
    await _sale(pool, 3, **_SILENT)
    await _sale(pool, 4, state=State.APPROVED, response_code="00", answered_at=NOON)
    await _sale(pool, 5, state=State.APPROVED, response_code="00")
    for measure in Measure:
        told = await asking.about(_ISSUER, measure, _SINCE, 900)
        assert told is None or told.asked == 1, measure


async def test_only_what_is_of_the_stream(pool: asyncpg.Pool, asking: Asking) -> None:
    await _sale(pool, 1, response_code="91", card_masked="623333******0001")
    await _sale(pool, 2, response_code="91", issuer_id=_OTHER)
    row = await _sale(pool, 3, response_code="91", kind="preauth")
    for stream, asked in (
        (EVERYTHING, 3),
        (_ISSUER, 2),
        (Stream(Scope.KIND, f"{_BANK} preauth"), 1),
        (Stream(Scope.RANGE, f"{_BANK} 623333"), 1),
        (Stream(Scope.MERCHANT, row.merchant_id), 3),
    ):
        told = await asking.about(stream, Measure.FAULTS, _SINCE, 0)
        assert told is not None
        assert told.asked == asked, stream
    software = Stream(Scope.SOFTWARE, "none")
    assert await asking.about(software, Measure.FAULTS, _SINCE, 0) is None


async def test_the_incident_names_cause_and_money_without_a_case(
    pool: asyncpg.Pool, asking: Asking
) -> None:
    for trace in range(1, 4):
        await _sale(pool, trace, amount=1_000, **_SILENT)
    head = Standing(_ISSUER, NOON, usual=(Usual(0.01, 0.02),) * 4)
    head.raise_alarm(Measure.SILENCE, _ISSUER, NOON.timestamp(), Counts(silent=3))
    told = await asking.about(_ISSUER, Measure.SILENCE, _SINCE, 0)
    assert told is not None
    said = (await incident(pool, head, Measure.SILENCE, told)).params
    assert said["cases"] == 0
    assert said["unknown"] == 3
    assert said["unsure"]["en"] == "CNY 30.00"  # type: ignore[index]
    assert said["itself"]["en"] == "what has no outcome is reversed"  # type: ignore[index]
    cause: Any = said["cause"]
    assert (cause["name"], cause["of"], cause["asked"]) == told
    assert CAUSES[told.cause].title.en in cause["en"]
    assert f"({told.of} of 3 asked about)" in cause["en"]


def test_nothing_is_said_of_nothing() -> None:
    assert leading([]) is None
