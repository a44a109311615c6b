"""Business days and moments, asked for thousands of times a second."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from annul.domain.business_day import Calendar, business_date

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_CUT_OVER = datetime(2026, 11, 23, 23, 0, tzinfo=_SHANGHAI)


@pytest.fixture
def calendar() -> Calendar:
    return Calendar(_SHANGHAI, time(23, 0))


def test_the_day_turns_at_the_cut_over_within_the_minute_that_is_remembered(
    calendar: Calendar,
) -> None:
    second = timedelta(seconds=1)
    for step in (-61, -60, -1, 0, 1, 59, 60):
        now = _CUT_OVER + step * second
        assert calendar.business_date(now) == date(2026, 11, 23 if step < 0 else 24), step


def test_a_clock_that_steps_back_is_asked_anew(calendar: Calendar) -> None:
    assert calendar.business_date(_CUT_OVER) == date(2026, 11, 24)
    assert calendar.business_date(_CUT_OVER - timedelta(seconds=1)) == date(2026, 11, 23)
    assert calendar.business_date(_CUT_OVER) == date(2026, 11, 24)


def test_what_is_remembered_is_what_the_rule_says(calendar: Calendar) -> None:
    now = datetime(2026, 11, 23, 14, 58, 30, tzinfo=UTC)
    for _ in range(400):
        now += timedelta(seconds=0.7)
        assert calendar.business_date(now) == business_date(now, _SHANGHAI, time(23, 0))


def test_a_cut_over_within_a_minute_does_not_wait_for_its_end() -> None:
    calendar = Calendar(_SHANGHAI, time(22, 59, 30))
    for second, day in ((29, 23), (30, 24), (31, 24)):
        now = datetime(2026, 11, 23, 22, 59, second, tzinfo=_SHANGHAI)
        assert calendar.business_date(now) == date(2026, 11, day)


@pytest.mark.parametrize(
    ("stated", "near", "moment"),
    [
        ("1123120000", datetime(2026, 11, 23, 4, 0, 5, tzinfo=UTC), (2026, 11, 23, 4, 0, 0)),
        ("1231235959", datetime(2027, 1, 1, tzinfo=UTC), (2026, 12, 31, 15, 59, 59)),
        ("0101000001", datetime(2026, 12, 31, 15, 59, tzinfo=UTC), (2026, 12, 31, 16, 0, 1)),
        ("0701000000", datetime(2026, 11, 23, tzinfo=UTC), (2026, 6, 30, 16, 0, 0)),
    ],
)
def test_a_moment_without_a_year_is_the_nearest(
    calendar: Calendar, stated: str, near: datetime, moment: tuple[int, ...]
) -> None:
    assert calendar.moment(stated, near) == datetime(*moment, tzinfo=UTC)  # type: ignore[misc]


@pytest.mark.parametrize("stated", ["", "112", "1323120000", "1123250000", "0230120000", "now"])
def test_what_is_no_time_is_none(calendar: Calendar, stated: str) -> None:
    assert calendar.moment(stated, _CUT_OVER) is None


def test_a_leap_day_is_a_moment_of_leap_years(calendar: Calendar) -> None:
    near = datetime(2028, 3, 1, tzinfo=UTC)
    assert calendar.moment("0229120000", near) == datetime(2028, 2, 29, 4, tzinfo=UTC)


def test_local_time_is_what_the_wall_of_the_shop_shows(calendar: Calendar) -> None:
    local = calendar.local(datetime(2026, 11, 23, 16, 30, tzinfo=UTC))
    assert (local.day, local.hour, local.minute) == (24, 0, 30)
