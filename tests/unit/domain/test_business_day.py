"""The business day turns at the cut-over of the shop's zone, wherever the host is."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from annul.domain.business_day import business_date

_SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("hour", "minute", "day"), [(0, 0, 23), (14, 59, 23), (15, 0, 24), (15, 59, 24), (16, 0, 24)]
)
def test_the_business_day_turns_at_the_cut_over(hour: int, minute: int, day: int) -> None:
    """23:00 in Shanghai is 15:00 UTC."""
    now = datetime(2026, 11, 23, hour, minute, tzinfo=UTC)
    assert business_date(now, _SHANGHAI, time(23, 0)) == date(2026, 11, day)


def test_the_last_microsecond_belongs_to_the_day_that_ends() -> None:
    cut_over = datetime(2026, 11, 23, 23, 0, tzinfo=_SHANGHAI)
    before = cut_over - timedelta(microseconds=1)
    assert business_date(before, _SHANGHAI, time(23, 0)) == date(2026, 11, 23)
    assert business_date(cut_over, _SHANGHAI, time(23, 0)) == date(2026, 11, 24)


def test_months_and_years_turn_with_it() -> None:
    for now, day in (
        (datetime(2026, 11, 30, 23, 30, tzinfo=_SHANGHAI), date(2026, 12, 1)),
        (datetime(2026, 12, 31, 23, 30, tzinfo=_SHANGHAI), date(2027, 1, 1)),
        (datetime(2028, 2, 28, 23, 30, tzinfo=_SHANGHAI), date(2028, 2, 29)),
    ):
        assert business_date(now, _SHANGHAI, time(23, 0)) == day


def test_the_same_moment_is_the_same_day_in_whichever_zone_it_is_stated() -> None:
    now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    elsewhere = now.astimezone(timezone(timedelta(hours=-8)))
    assert business_date(elsewhere, _SHANGHAI, time(23, 0)) == date(2026, 11, 24)


def test_a_cut_over_at_midnight_makes_every_moment_the_next_days() -> None:
    noon = datetime(2026, 11, 23, 12, 0, tzinfo=_SHANGHAI)
    assert business_date(noon, _SHANGHAI, time(0, 0)) == date(2026, 11, 24)
