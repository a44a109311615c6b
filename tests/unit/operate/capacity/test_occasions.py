"""Days of which it is known what they are."""

from datetime import date

import pytest

from annul.operate.capacity.occasions import OCCASIONS, announced, of_day


@pytest.mark.parametrize(
    ("day", "occasions"),
    [
        (date(2026, 2, 17), ("spring_festival",)),  # its first day
        (date(2026, 2, 10), ("spring_eve",)),
        (date(2026, 2, 14), ("spring_eve", "moved_workday")),  # a Saturday
        (date(2026, 10, 1), ("golden_week",)),
        (date(2026, 6, 18), ("mid_year",)),
        (date(2026, 6, 19), ("holiday", "mid_year")),  # dragon boats
        (date(2026, 11, 11), ("double_eleven",)),
        (date(2026, 12, 12), ("double_twelve",)),
        (date(2026, 11, 25), ()),
    ],
)
def test_of_a_year_that_is_announced(day: date, occasions: tuple[str, ...]) -> None:
    assert of_day(day) == occasions


@pytest.mark.parametrize(
    ("day", "occasions"),
    [
        (date(2029, 10, 3), ("golden_week",)),
        (date(2029, 1, 1), ("holiday",)),
        (date(2029, 2, 13), ("spring_festival",)),
        (date(2029, 2, 8), ("spring_eve",)),
        (date(2029, 7, 1), ()),  # a Sunday
    ],
)
def test_of_one_that_is_not_it_goes_by_fixed_dates_and_the_moon(
    day: date, occasions: tuple[str, ...]
) -> None:
    assert not announced(day)
    assert of_day(day) == occasions


def test_each_occasion_is_named_once_and_in_both_languages() -> None:
    assert len({one.name for one in OCCASIONS}) == len(OCCASIONS)
    assert all(one.title.zh and one.title.en for one in OCCASIONS)
    assert all(one.usual > 0 and one.unsure > 0 for one in OCCASIONS)
