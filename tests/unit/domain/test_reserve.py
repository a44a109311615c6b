"""What is held back of D+0 days: enough for what comes back, more of whom more comes back."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.domain.reserve import MOST_AGE, PRIOR, Later, held_back, pattern, share

_DAYS = 100


def _shop(part: float, age: int, days: int = _DAYS) -> tuple[list[int], list[Later]]:
    """Make a shop that sells 1,000.00 a day, of which a part comes back after so many days."""
    later = [
        Later(day, day + age, int(100_000 * part))
        for day in range(days - age)
        if int(100_000 * part)
    ]
    return [100_000] * days, later


def _target(sold: Sequence[int], later: Sequence[Later], largest: int = 0) -> int:
    return share(sold, [largest] * len(sold), later, sold[-1], 0, PRIOR).target


def _to_come(part: float, age: int) -> int:
    return age * int(100_000 * part)


@pytest.mark.parametrize(("part", "age"), [(0.01, 3), (0.05, 10), (0.30, 5), (0.10, 25)])
def test_it_is_enough_for_all_that_is_still_to_come(part: float, age: int) -> None:
    sold, later = _shop(part, age)
    assert _target(sold, later) >= _to_come(part, age)


def test_of_whom_more_comes_back_more_is_held_and_of_whom_nothing_does_least() -> None:
    targets = [_target(*_shop(part, 8)) for part in (0.0, 0.02, 0.10, 0.30)]
    assert targets == sorted(set(targets))


def test_a_shop_whose_voids_rise_is_judged_by_its_worst_days() -> None:
    sold, later = _shop(0.01, 5)
    worse = [one._replace(amount=one.amount * 8) if one.sold >= 80 else one for one in later]
    assert _target(sold, worse) >= 5 * 8_000
    assert _target(sold, worse) > 2 * _target(sold, later)


def test_few_days_are_drawn_to_what_is_usual_at_all_shops() -> None:
    """Of a shop that gave nothing back for a week no more is believed than a week says."""
    week, quarter = [_target([100_000] * days, []) for days in (7, 100)]
    usual = PRIOR.times * 7 * 100_000 * PRIOR.tails[0]
    assert week > usual / 3
    assert quarter < week * 3, "though there is far more to come back"


def test_most_of_a_day_that_sold_as_never_before_is_held() -> None:
    sold, later = _shop(0.01, 5)
    made = share([*sold[:-1], 1_000_000], [0] * _DAYS, later, 1_000_000, 0, PRIOR)
    assert made.unusual >= 0.7 * 900_000
    assert made.amount(1_000_000) >= made.unusual


def test_what_is_held_already_counts_and_a_day_gives_no_more_than_it_has() -> None:
    sold, later = _shop(0.10, 10)
    usual = [0] * _DAYS
    bare = share(sold, usual, later, 100_000, 0, PRIOR)
    assert bare.amount(100_000) == 100_000 < bare.target
    part = share(sold, usual, later, 100_000, bare.target - 40_000, PRIOR)
    assert part.amount(100_000) == pytest.approx(40_000, abs=1)
    for held, base in ((bare.target, 100_000), (0, 0), (0, -5)):
        assert share(sold, usual, later, base, held, PRIOR).amount(base) == 0


@given(
    base=st.integers(-(10**9), 10**12),
    ppm=st.integers(0, 1_000_000),
)
def test_a_share_is_rounded_up_and_never_more_than_the_day(base: int, ppm: int) -> None:
    amount = held_back(base, ppm)
    assert 0 <= amount <= max(base, 0)
    if base > 0:
        assert amount * 1_000_000 >= base * ppm
        assert (amount - 1) * 1_000_000 < base * ppm


@given(
    sold=st.lists(st.integers(0, 10**8), min_size=1, max_size=120),
    back=st.lists(st.tuples(st.integers(0, 119), st.integers(1, 119), st.integers(1, 10**8))),
    held=st.integers(0, 10**9),
)
def test_whatever_comes_the_share_is_one(
    sold: list[int], back: list[tuple[int, int, int]], held: int
) -> None:
    later = [Later(at, at + age, amount) for at, age, amount in back if at + age < len(sold)]
    base = sold[-1]
    made = share(sold, sold, later, base, held, PRIOR)
    assert 0 <= made.ppm <= 1_000_000
    if made.amount(base) < base:
        assert made.amount(base) + held >= made.target


def test_the_pattern_is_what_all_shops_have_seen_of_an_age_that_could_be_seen() -> None:
    """Of what comes back after 40 days only the days count that are as old."""
    back = [0] * (MOST_AGE + 1)
    back[3], back[40] = 97 * 10_000, 60 * 20_000
    known = pattern([1_000_000] * 100, back, None, 0)
    # The prior is worth 30 days more.
    assert known.tails[2] - known.tails[3] == pytest.approx(0.01 * 97 / 127, abs=6e-4)
    assert known.tails[39] - known.tails[40] == pytest.approx(0.02 * 60 / 90, abs=6e-4)
    assert list(known.tails) == sorted(known.tails, reverse=True)
    assert known.tails[MOST_AGE] == 0


def test_how_many_times_is_believed_of_many_shops_and_never_below_one() -> None:
    assert pattern([], [], None, 0).times == PRIOR.times
    assert pattern([1], [0], 9.0, 1).times < 4
    assert pattern([1], [0], 9.0, 10_000).times == pytest.approx(9, abs=0.1)
    assert pattern([1], [0], 0.1, 10_000).times == pytest.approx(1, abs=0.01)


def test_the_horizon_is_when_next_to_nothing_is_to_come() -> None:
    back = [0] * (MOST_AGE + 1)
    back[3] = 10**12
    assert pattern([10**7] * 100, back, None, 0).horizon < PRIOR.horizon <= MOST_AGE
