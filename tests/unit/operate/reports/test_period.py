"""Days and weeks as they are asked for, and when they are over."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from annul.domain.business_day import Calendar, CutOver
from annul.operate.reports.period import BadPeriod, Length, Period

_CALENDAR = Calendar(ZoneInfo("Asia/Shanghai"), time(23))
_LATE_SHOP = (CutOver(date(2020, 1, 1), time(23, 30)),)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-11-26", date(2026, 11, 26), date(2026, 11, 26)),
        ("2026-W48", date(2026, 11, 23), date(2026, 11, 29)),
        ("2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
    ],
)
def test_a_period_is_read_and_named_alike(text: str, first: date, last: date) -> None:
    period = Period.read(text)
    assert (period.first, period.last, period.name) == (first, last, text)
    assert period.previous.following == period
    assert period.previous.last == first - timedelta(days=1)


@pytest.mark.parametrize(
    "text",
    ["", "today", "2026-11-31", "2026-W54", "2025-W53", "0001-01-01", "9999-12-31", "２026-W48"],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(BadPeriod):
        Period.read(text)


@pytest.mark.parametrize(
    ("length", "today", "name"),
    [
        (Length.DAY, date(2026, 11, 27), "2026-11-26"),
        (Length.WEEK, date(2026, 11, 29), "2026-W47"),  # a Sunday: its week is not over
        (Length.WEEK, date(2026, 11, 30), "2026-W48"),
    ],
)
def test_the_latest_is_the_last_that_is_over(length: Length, today: date, name: str) -> None:
    assert Period.latest(length, today).name == name


def test_bounds_follow_the_house_or_a_contract() -> None:
    period = Period.read("2026-11-26")
    house = period.bounds(_CALENDAR)
    assert house.since == datetime(2026, 11, 25, 15, tzinfo=UTC)
    assert house.until - house.since == house.since - house.before == timedelta(days=1)
    assert period.bounds(_CALENDAR, _LATE_SHOP).until == house.until + timedelta(minutes=30)


def test_it_is_closed_once_it_is_for_everybody() -> None:
    period = Period.read("2026-11-26")
    ends = datetime(2026, 11, 26, 15, tzinfo=UTC)
    assert not period.closed(_CALENDAR, (), ends - timedelta(seconds=1))
    assert period.closed(_CALENDAR, (), ends)
    assert not period.closed(_CALENDAR, (_LATE_SHOP,), ends)
    assert period.closed(_CALENDAR, (_LATE_SHOP,), ends + timedelta(minutes=30))
