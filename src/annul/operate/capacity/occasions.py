"""Days on which more or less is sold than on others: one table, read by the forecast and the docs.

Holidays and the working days that are moved for them are announced each year (chinese-calendar).
Of a year that is not announced yet those with a fixed date are known, and the Spring Festival by
the moon (`_NEW_YEARS`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import chinese_calendar

from annul.domain.text import Text

_SPRING: Final = "Spring Festival"
_GOLDEN: Final = frozenset({"National Day", "Labour Day"})
_SATURDAY: Final = 6
# The first day of the lunar year, of years that are not announced when this is written.
_NEW_YEARS: Final = {
    2027: date(2027, 2, 6),
    2028: date(2028, 1, 26),
    2029: date(2029, 2, 13),
    2030: date(2030, 2, 3),
}
_SPRING_DAYS: Final = range(-1, 7)  # from its eve on
_FIXED: Final = {
    "New Year's Day": ((1, 1), 1),
    "Labour Day": ((5, 1), 5),
    "National Day": ((10, 1), 7),
}


@dataclass(frozen=True, slots=True)
class Occasion:
    """A kind of day. `usual` is by what its volume differs where that was never seen, as a factor.

    `unsure` is how far off this may be, as a standard deviation of its logarithm.
    """

    name: str
    title: Text
    falls: Callable[[date], bool]
    usual: float = 1.0
    unsure: float = 0.35


def holiday(day: date) -> str:
    """Name the holiday that a day belongs to in English, empty for none."""
    try:
        is_one, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return _by_rule(day)
    return (name or "") if is_one and name else ""


def announced(day: date) -> bool:
    """Say whether the holidays of this day's year are announced."""
    try:
        chinese_calendar.is_holiday(day)
    except NotImplementedError:
        return False
    return True


def _by_rule(day: date) -> str:
    new_year = _NEW_YEARS.get(day.year)
    if new_year is not None and (day - new_year).days in _SPRING_DAYS:
        return _SPRING
    for name, ((month, first), days) in _FIXED.items():
        if 0 <= (day - date(day.year, month, first)).days < days:
            return name
    return ""


def _worked(day: date) -> bool:
    """Say whether it is a day at a weekend on which people work for a holiday."""
    if day.isoweekday() < _SATURDAY:
        return False
    try:
        return chinese_calendar.is_workday(day)
    except NotImplementedError:
        return False


def _within(*spans: tuple[tuple[int, int], tuple[int, int]]) -> Callable[[date], bool]:
    """Give whether a day lies in one of these spans of months and days, both ends included."""

    def falls(day: date) -> bool:
        return any(first <= (day.month, day.day) <= last for first, last in spans)

    return falls


def _other(day: date) -> bool:
    name = holiday(day)
    return bool(name) and name != _SPRING and name not in _GOLDEN


def _eve(day: date) -> bool:
    """Say whether the Spring Festival begins within a week: people buy what they need for it."""
    ahead = (day + timedelta(days=places) for places in range(1, 8))
    return holiday(day) != _SPRING and any(holiday(one) == _SPRING for one in ahead)


OCCASIONS: Final = (
    Occasion(
        "spring_festival", Text("春节", "Spring Festival"), lambda day: holiday(day) == _SPRING, 0.8
    ),
    Occasion("spring_eve", Text("春节前一周", "week before it"), _eve, 1.3),
    Occasion(
        "golden_week",
        Text("国庆、劳动节", "National Day, Labour Day"),
        lambda day: holiday(day) in _GOLDEN,
        1.25,
    ),
    Occasion("holiday", Text("其他节假日", "other holidays"), _other, 1.1),
    Occasion("moved_workday", Text("调休上班日", "days worked for a holiday"), _worked, 0.95),
    Occasion("women", Text("三八节", "8 March"), _within(((3, 6), (3, 8))), 1.1),
    Occasion(
        "mid_year", Text("618", "618 sales"), _within(((6, 1), (6, 3)), ((6, 16), (6, 20))), 1.3
    ),
    Occasion(
        "double_eleven",
        Text("双十一", "double eleven sales"),
        _within(((10, 31), (11, 3)), ((11, 10), (11, 11))),
        1.4,
    ),
    Occasion(
        "double_twelve", Text("双十二", "double twelve sales"), _within(((12, 11), (12, 12))), 1.15
    ),
    Occasion(
        "year_end",
        Text("岁末", "end of the year"),
        _within(((12, 24), (12, 25)), ((12, 31), (12, 31))),
        1.1,
    ),
)


def of_day(day: date) -> tuple[str, ...]:
    """Name the occasions that a day is."""
    return tuple(one.name for one in OCCASIONS if one.falls(day))
