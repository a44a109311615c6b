"""Forecasts of volumes whose course is known."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import pytest

from annul.operate.capacity.forecast import forecast, whole_days
from annul.operate.capacity.measured import Hour, Measured
from annul.operate.capacity.occasions import of_day
from annul.operate.capacity.told import Shape

TODAY: Final = date(2026, 11, 28)
_HOURS: Final = range(9, 21)
_LEVEL: Final = 12_000.0
_WEEKEND: Final = 1.3
_ELEVEN: Final = 1.8


def volume(day: date) -> float:
    """Give what a day brings without chance."""
    weekend = _WEEKEND if day.isoweekday() > 5 else 1.0
    return _LEVEL * weekend * (_ELEVEN if "double_eleven" in of_day(day) else 1.0)


def hours(days: int, noise: float = 0.03) -> tuple[Hour, ...]:
    """Give the hours of so many days before today; the busiest has twice as much as the others."""
    chance, found = np.random.default_rng(5), list[Hour]()
    for back in range(days, 0, -1):
        day = TODAY - timedelta(days=back)
        each = volume(day) * chance.lognormal(0, noise) / (len(_HOURS) + 1)
        for hour in _HOURS:
            came = int(each * (2 if hour == 12 else 1))
            at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
            found.append(
                Hour(hour=at, business_date=day, transactions=came, peak_second=came // 1200)
            )
    return tuple(found)


def measured(of: tuple[Hour, ...]) -> Measured:
    return Measured(now=datetime(2026, 11, 28, 4, tzinfo=UTC), today=TODAY, cores=2, hours=of)


def test_the_season_of_the_week_and_an_occasion_that_was_seen_come_again() -> None:
    told = forecast(measured(hours(400)))
    assert told.method == "model"
    assert told.factors["double_eleven"] == pytest.approx(_ELEVEN, rel=0.05)
    for day in told.days[:28]:
        expected = volume(day.day) * np.prod(
            [told.factors[name] for name in day.occasions if name != "double_eleven"]
        )
        assert day.volume == pytest.approx(expected, rel=0.1), day
    (eleventh,) = (one for one in told.days if one.day == date(2027, 11, 11))
    assert eleventh.volume > 1.5 * _LEVEL
    assert told.error is not None
    assert told.error < 0.1


def test_four_of_five_days_lie_within_the_interval() -> None:
    """Told from what was before them, two months that are known lie where they should."""
    known = hours(260, noise=0.1)
    edge = TODAY - timedelta(days=60)
    before = tuple(one for one in known if one.business_date < edge)
    told = forecast(measured(before).model_copy(update={"today": edge}))
    came = dict(whole_days(known, TODAY))
    within = [day.low <= came[day.day] <= day.high for day in told.days[:60] if not day.occasions]
    assert 0.65 <= sum(within) / len(within) <= 0.97


@pytest.mark.parametrize(("days", "method"), [(1, "nothing"), (4, "mean"), (12, "weekdays")])
def test_little_history_is_told_as_such(days: int, method: str) -> None:
    told = forecast(measured(hours(days)))
    assert told.method == method
    assert bool(told.days) is (method != "nothing")
    if told.days:
        assert len(told.days) <= 2 * max(days, 7)
        first = told.days[0]
        assert first.low < first.volume < first.high


def test_an_occasion_that_was_never_seen_is_told_less_surely() -> None:
    told = forecast(measured(hours(12)))
    (twelfth,) = (one for one in told.days if one.day == date(2026, 12, 11))
    usual = next(one for one in told.days if one.day.weekday() == 4 and not one.occasions)
    assert twelfth.occasions == ("double_twelve",)
    assert twelfth.volume > usual.volume
    assert twelfth.high / twelfth.low > 2 * usual.high / usual.low


def test_a_day_that_brought_nothing_counts_and_those_that_are_not_whole_do_not() -> None:
    of = tuple(one for one in hours(5) if one.business_date != TODAY - timedelta(days=2))
    today = Hour(
        hour=datetime(2026, 11, 28, tzinfo=UTC), business_date=TODAY, transactions=3, peak_second=1
    )
    days = whole_days((*of, today), TODAY)
    assert [day for day, _ in days] == [TODAY - timedelta(days=back) for back in (4, 3, 2, 1)]
    assert days[2][1] == 0


def test_the_shape_of_a_day_gives_its_peak() -> None:
    shape = forecast(measured(hours(30))).shape
    assert shape.hour_share == pytest.approx(2 / 13, rel=0.01)
    assert shape.second == pytest.approx(3.0, rel=0.1)
    known = Shape(hour_share=0.1, second=4.0)
    assert known.peak_tps(36_000) == pytest.approx(1.0)
    assert known.second_tps(36_000) == pytest.approx(4.0)
