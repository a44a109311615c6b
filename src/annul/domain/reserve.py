"""What is held back of a day that is paid out at once, against what will be given back of it.

A shop that is paid on the day itself has its money before its customers bring things back. As long
as it sells, new sales pay for that; once it stops, or one day brings more than usual, nothing does
but the reserve. So it is held against the run-off: all that is still to come back of what was sold
so far, as if nothing were sold any more. Pure; amounts in minor units, days in order, the last one
being closed now.

What run-off the pattern of all shops leads to expect is known of each past day, and so is what came
of it: their ratio, at a high quantile of the shop's own days, times what is expected now, is what
the reserve should come to. Few days are drawn to what is usual among all shops. Of a day on which
was sold as never before its own history says nothing: most of that is held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

_MILLION: Final = 1_000_000
WINDOW: Final = 120  # days that a shop is judged by
MOST_AGE: Final = 90  # days after which nothing is held back any more
# Ages at which what is still to come is told apart; between them it is taken as their mean.
_EDGES: Final = (0, 1, 2, 3, 5, 8, 12, 17, 24, 33, 45, 60, 75, MOST_AGE)
QUANTILE: Final = 0.99
# Days of one shop depend on each other, as what comes back late is counted on many: so many of them
# are worth one, and what is usual among all shops is worth so many of these.
_DAYS_IN_ONE: Final = 10.0
_PRIOR: Final = 4.0
_SPARE: Final = 0.002  # of what comes back may come after the horizon
_UNUSUAL: Final = 2.2  # times a good day is no day as others,
_UNUSUAL_BACK: Final = 0.8  # and so much of what is above that may come back
_GOOD: Final = 0.9  # of a shop's days are not above a good one
_LATELY: Final = 30  # days: a sale as large as their largest may come back on top


class Later(NamedTuple):
    """What came back on a day of what was sold on one before; both are places in a window."""

    sold: int
    back: int
    amount: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """How sales come back at all shops: `tails[a]` is the share to come after `a` days.

    `times` is how many times as much, at a high quantile of shops.
    """

    tails: tuple[float, ...]
    times: float

    @property
    def horizon(self) -> int:
        """Give the days after which next to nothing comes back."""
        left = self.tails[0] * _SPARE
        return next(age for age, tail in enumerate(self.tails) if tail <= left or age == MOST_AGE)


# Before anything is known: 2 % come back, half of it within a week.
PRIOR: Final = Pattern(tuple(0.02 * (0.9**age - 0.9**MOST_AGE) for age in range(MOST_AGE + 1)), 3.0)
_PRIOR_DAYS: Final = 30.0  # days of all shops' sales that it is worth,
_PRIOR_SHOPS: Final = 20.0  # and shops
KNOWN: Final = 30  # days for which a shop has to be known to say what is usual,
HIGH: Final = 0.95  # and of them, by how many times as much as usual came back at them


def pattern(sold: Sequence[int], back: Sequence[int], times: float | None, shops: int) -> Pattern:
    """Learn from sales of days of all shops, the last one now, and `back[a]` of them at age a.

    Of an age only the days count that are as old. `times` is the high quantile of so many shops.
    """
    old_enough = list(accumulate(sold))
    usual = _PRIOR_DAYS * (old_enough[-1] / len(sold) if sold else 0)
    shares = [0.0] * (MOST_AGE + 1)
    for age in range(1, MOST_AGE + 1):
        reached = old_enough[-1 - age] if age < len(sold) else 0
        came = back[age] if age < len(back) else 0
        before = PRIOR.tails[age - 1] - PRIOR.tails[age]
        weight = reached + usual
        shares[age] = (came + usual * before) / weight if weight else before
    high = PRIOR.times if times is None else max(times, 1.0)
    high = (shops * high + _PRIOR_SHOPS * PRIOR.times) / (shops + _PRIOR_SHOPS)
    return Pattern(tuple(_tails(shares)), high)


def _tails(shares: Sequence[float]) -> list[float]:
    """Sum shares by age into what is to come after each."""
    return [*reversed(list(accumulate(reversed(shares[1:])))), 0.0]


@dataclass(frozen=True, slots=True)
class Share:
    """What is held back of a day's money, and why.

    `expected` is what would come back were the shop as any other, `times` how many times that came
    back of it after its worst days but one in a hundred, `weight` what its own days counted for.
    """

    ppm: int
    horizon: int  # days
    days: int  # seen
    expected: int
    times: float
    weight: float
    single: int  # a large sale, for that a single one may come back
    unusual: int  # of days on which was sold as never before
    target: int  # what the whole reserve should come to
    held: int  # of it already

    @property
    def reason(self) -> dict[str, int | float]:
        """Give the numbers that led to it."""
        names = ("days", "expected", "times", "weight", "single", "unusual", "target", "held")
        return {name: getattr(self, name) for name in names}

    def amount(self, base: int) -> int:
        """Give what that comes to, upwards."""
        return held_back(base, self.ppm)


def held_back(base: int, ppm: int) -> int:
    """Give the share of what a day came to, upwards; nothing of a day that lost money."""
    return min(base, -(-base * ppm // _MILLION)) if base > 0 else 0


def share(
    sold: Sequence[int],
    largest: Sequence[int],
    later: Sequence[Later],
    base: int,
    held: int,
    usual: Pattern,
) -> Share:
    """Say what to hold back of today's `base`, of which `held` stays held from days before.

    `sold` is what each day's own sales came to at its end.
    """
    expected = _expected(sold, usual)
    days = len(sold)
    own = round(_times(sold, later, expected, usual), 4)
    few = days / _DAYS_IN_ONE
    weight = few / (few + _PRIOR)
    times = weight * own + (1 - weight) * usual.times
    # What is usual makes up for what few days can not show; it does not speak against what they do.
    times = max(times, own) if days >= KNOWN else times
    unusual = round(_UNUSUAL_BACK * sum(_unusual(sold)[-usual.horizon :]))
    single = round(_quantile(largest[-_LATELY:], _GOOD)) if later or few < _PRIOR else 0
    target = min(round(times * expected[-1] + single + unusual), sum(sold[-MOST_AGE:]))
    wanted = min(max(target - held, 0), max(base, 0))
    ppm = -(-wanted * _MILLION // base) if wanted else 0
    return Share(
        ppm, usual.horizon, days, round(expected[-1]), own, round(weight, 3), single, unusual,
        target, held,
    )  # fmt: skip


def _unusual(sold: Sequence[int]) -> list[float]:
    """Give what each day sold above what its shop may sell on a good day."""
    limit, usual = _UNUSUAL * _quantile(sold, _GOOD), _quantile(sold, 0.5)
    return [amount - usual if amount > limit else 0.0 for amount in sold]


def _expected(sold: Sequence[int], usual: Pattern) -> list[float]:
    """Give for each day what is to come back after it of all that was sold up to it."""
    sums = [0, *accumulate(sold)]
    last = len(sold)
    expected = [0.0] * last
    for young, old in pairwise(_EDGES):
        tail = sum(usual.tails[young:old]) / (old - young)
        for day in range(young, last):
            expected[day] += tail * (sums[day + 1 - young] - sums[max(day + 1 - old, 0)])
    return expected


def _times(
    sold: Sequence[int], later: Sequence[Later], expected: Sequence[float], usual: Pattern
) -> float:
    """Give how many times as much as expected was to come back after a day, at a high quantile.

    What has not come yet of late days is taken as what has come leads to expect.
    """
    last = len(sold)
    changes = [0] * (last + 1)
    for one in later:
        changes[one.sold] += one.amount
        changes[one.back] -= one.amount
    came = list(accumulate(changes))
    to_come = [
        float(amount * usual.tails[min(last - 1 - day, MOST_AGE)])
        for day, amount in enumerate(sold)
    ]
    should = sum(sold) * usual.tails[0] - sum(to_come)
    rate = sum(one.amount for one in later) / should if should > 0 else 1.0
    ratios = [
        (back + rate * left) / due
        for back, left, due in zip(came, accumulate(to_come), expected, strict=False)
        if due > 0
    ]
    return _quantile(ratios, QUANTILE)


def _quantile(values: Sequence[float], at: float) -> float:
    """Give the value that so many are not above; nought of none."""
    ordered = sorted(values)
    return ordered[min(int(at * len(ordered)), len(ordered) - 1)] if ordered else 0.0
