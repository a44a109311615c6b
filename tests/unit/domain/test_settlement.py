"""When sales become money that a shop may be paid, by its contract."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.domain.settlement import DEFAULT_TERMS, BadTerms, Cycle, Terms, in_force
from annul.settle.days import works

_DAY = date(2026, 9, 24)  # a Thursday; from the 25th to the 27th is the Mid-Autumn festival


@pytest.mark.parametrize(
    ("terms", "sold", "due"),
    [
        (DEFAULT_TERMS, date(2026, 9, 21), date(2026, 9, 22)),
        (DEFAULT_TERMS, _DAY, date(2026, 9, 28)),  # over the holiday
        (DEFAULT_TERMS, date(2026, 9, 18), date(2026, 9, 20)),  # a Sunday on which is worked for it
        (Terms(_DAY, Cycle.WORKING, 2), _DAY, date(2026, 9, 29)),
        (Terms(_DAY, Cycle.WORKING, 0), _DAY, _DAY),
        (Terms(_DAY, Cycle.CALENDAR), _DAY, date(2026, 9, 25)),
        (Terms(_DAY, Cycle.CALENDAR, 0), _DAY, _DAY),
        (Terms(_DAY, Cycle.WEEKLY, weekday=1), _DAY, date(2026, 9, 28)),
        (Terms(_DAY, Cycle.WEEKLY, weekday=4), _DAY, date(2026, 10, 8)),  # the 1st is a holiday
        (Terms(_DAY, Cycle.WEEKLY, weekday=5), _DAY, date(2026, 9, 28)),
    ],
)
def test_a_day_is_due_as_the_contract_has_it(terms: Terms, sold: date, due: date) -> None:
    assert terms.due(sold, works) == due


def test_a_year_that_is_not_announced_has_weekends_only() -> None:
    assert DEFAULT_TERMS.due(date(2199, 3, 1), works) == date(2199, 3, 4)  # a Friday


@pytest.mark.parametrize(
    "wrong",
    [
        {"cycle": Cycle.WEEKLY},
        {"weekday": 1},
        {"cycle": Cycle.WEEKLY, "weekday": 8},
        {"days": -1},
        {"days": 61},
        {"fee_ppm": -1},
        {"fee_ppm": 50_000},
        {"reserve_ppm": -1},
        {"minimum": -1},
        {"reserve_ppm": 1_000_001},
    ],
)
def test_terms_that_make_no_sense_are_none(wrong: dict[str, object]) -> None:
    with pytest.raises(BadTerms):
        Terms(_DAY, **wrong)  # pyright: ignore[reportArgumentType]


def test_the_latest_terms_that_have_begun_are_in_force() -> None:
    terms = [Terms(_DAY), Terms(_DAY + timedelta(days=3), Cycle.CALENDAR)]
    assert in_force(terms, _DAY - timedelta(days=1)) == DEFAULT_TERMS
    assert in_force(terms, _DAY) == terms[0]
    assert in_force(reversed(terms), _DAY + timedelta(days=9)) == terms[1]


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 9), st.integers(1, 7))
def test_no_day_is_due_before_it_has_been_sold_on(sold: date, days: int, weekday: int) -> None:
    weekdays: Callable[[date], bool] = lambda day: day.isoweekday() < 6  # noqa: E731
    for terms in (Terms(sold, days=days), Terms(sold, Cycle.WEEKLY, weekday=weekday)):
        due = terms.due(sold, weekdays)
        assert due >= sold + timedelta(days=min(days, 1) if terms.cycle is Cycle.WORKING else 1)
        assert weekdays(due) or due == sold
