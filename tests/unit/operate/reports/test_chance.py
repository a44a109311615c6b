"""Intervals and tests of shares, against figures from tables and against all cases counted."""

from fractions import Fraction
from itertools import product
from math import comb

import pytest

from annul.operate.reports.chance import Share, chance, difference, holm, wilson


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [  # Newcombe 1998, table I, method 3
        (Share(81, 263), 0.2553, 0.3662),
        (Share(15, 148), 0.0624, 0.1605),
        (Share(0, 20), 0.0, 0.1611),
        (Share(1, 29), 0.0061, 0.1718),
    ],
)
def test_wilson_is_as_published(share: Share, low: float, high: float) -> None:
    assert wilson(share) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("now", "before", "low", "high"),
    [  # Newcombe 1998b, table II, method 10
        (Share(56, 70), Share(48, 80), 0.0524, 0.3339),
        (Share(9, 10), Share(3, 10), 0.1705, 0.8090),
        (Share(10, 10), Share(0, 10), 0.6075, 1.0),
    ],
)
def test_the_difference_is_as_published(now: Share, before: Share, low: float, high: float) -> None:
    assert difference(before, now) == pytest.approx((low, high), abs=5e-5)


def test_of_nothing_nothing_is_said() -> None:
    assert wilson(Share(0, 0)) == (0.0, 1.0)
    assert difference(Share(0, 0), Share(1, 2)) is None
    assert chance(Share(0, 0), Share(5, 5)) == 1.0
    assert Share(0, 0).value is None


def _fisher(before: Share, now: Share) -> Fraction:
    n, part = before.of + now.of, before.part + now.part

    def of(k: int) -> Fraction:
        return Fraction(comb(before.of, k) * comb(now.of, part - k), comb(n, part))

    every = [of(k) for k in range(max(0, part - now.of), min(part, before.of) + 1)]
    return sum((one for one in every if one <= of(before.part)), Fraction(0))


def test_few_are_judged_exactly() -> None:
    for n, m in product((1, 3, 6), (2, 5, 9)):
        for a, b in product(range(n + 1), range(m + 1)):
            before, now = Share(a, n), Share(b, m)
            if min(n, m) * min(a + b, n + m - a - b) >= 5 * (n + m):
                continue
            assert chance(before, now) == pytest.approx(float(_fisher(before, now)))


def test_many_are_judged_by_the_normal_curve() -> None:
    # z = 2.4495, two-sided
    assert chance(Share(40, 400), Share(64, 400)) == pytest.approx(0.01166, abs=2e-4)
    assert chance(Share(50, 500), Share(50, 500)) == pytest.approx(1.0)
    assert chance(Share(1, 100_000), Share(90, 1_000_000)) > 0.001  # exactly, and at once


def test_many_tests_at_once_are_stricter() -> None:
    assert holm([0.04]) == [True]
    assert holm([0.04, 0.9]) == [False, False]
    assert holm([0.03, 0.01, 0.2]) == [False, True, False]
    assert holm([0.01, 0.02, 0.03]) == [True, True, True]
    assert holm([]) == []
