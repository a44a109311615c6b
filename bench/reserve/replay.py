"""Days of shops replayed one after another, each knowing only what came before it.

Each evening all that is available is paid out, so that a shop owes what comes back the day after
unless it has sold as much by then, or the reserve covers it. What comes back is uncovered when what
the day has come to, what the shop owes, and the reserve are below zero together.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil

from annul.domain.reserve import (
    HIGH,
    KNOWN,
    MOST_AGE,
    WINDOW,
    Later,
    Pattern,
    held_back,
    pattern,
    share,
)

from .shops import Day


@dataclass(slots=True)
class Purse:
    """What a shop owes (or nothing), and what of which day is held back until when."""

    available: int = 0
    held: list[list[int]] = field(default_factory=list)  # until, day, left; in this order
    reserve: int = 0  # all of it
    days_held: int = 0  # money times days
    late: int = 0
    uncovered: int = 0
    short: int = 0  # of money, at the worst

    def live(self, day: Day) -> None:
        """Let a day go by until it is closed."""
        covered = self.available + self.reserve
        self.days_held += covered - self.available
        for run in day.runs:
            self.late += 1
            if covered + run < 0:
                self.uncovered += 1
                self.short = max(self.short, -covered - run)

    def close(self, number: int, day: Day, held: int, horizon: int) -> None:
        """Hold back of the day; free what is due or needed; pay out."""
        self.available += day.net - held
        if held:
            insort(self.held, [number + horizon, number, held])
            self.reserve += held
        while self.held and (self.available < 0 or self.held[0][0] <= number):
            first = self.held[0]
            freed = first[2] if first[0] <= number else min(first[2], -self.available)
            first[2] -= freed
            self.available += freed
            self.reserve -= freed
            if not first[2]:
                del self.held[0]
        self.available = min(self.available, 0)


# Says of a shop's day what to hold back of it, and for how many days.
Rule = Callable[[int, int, Purse], tuple[int, int]]


def flat(shops: Sequence[Sequence[Day]], ppm: int, horizon: int) -> Rule:
    """Hold the same share of every shop."""
    return lambda shop, number, _: (held_back(shops[shop][number].net, ppm), horizon)


class Computed:
    """What the rules of the host hold, with the pattern of all shops up to the day."""

    def __init__(self, shops: Sequence[Sequence[Day]]) -> None:
        self._shops = shops
        self._sold = [0] * WINDOW
        self._back: list[list[tuple[int, int]]] = []  # age, amount; by day
        self._times: list[float] = []
        self._usual: Pattern | None = None
        self._number = -1

    def __call__(self, shop: int, number: int, purse: Purse) -> tuple[int, int]:
        """Judge a shop by its days up to one."""
        if number != self._number:
            self._learn(number)
        assert self._usual is not None, "it is learnt at the beginning of a day"
        first = max(0, number + 1 - WINDOW)
        days = self._shops[shop][first : number + 1]
        later = [
            Later(sold - first, place, amount)
            for place, day in enumerate(days)
            for sold, amount in day.later
            if sold >= first
        ]
        kept = sum(row[2] for row in purse.held if row[0] > number)
        made = share(
            [day.sold for day in days], [day.largest for day in days], later,
            days[-1].net, kept, self._usual,
        )  # fmt: skip
        if made.days >= KNOWN:
            self._times.append(made.times)
        return made.amount(days[-1].net), made.horizon

    def _learn(self, number: int) -> None:
        first = max(0, number + 1 - WINDOW)
        sold = [sum(shop[day].sold for shop in self._shops) for day in range(first, number + 1)]
        self._back.append(
            [(number - day, amount) for shop in self._shops for day, amount in shop[number].later]
        )
        back = [0] * (MOST_AGE + 1)
        for place in range(first, number + 1):
            for age, amount in self._back[place]:
                if age <= MOST_AGE and place - age >= first:
                    back[age] += amount
        ordered = sorted(self._times)
        # As the database gives a discrete percentile.
        high = ordered[max(ceil(HIGH * len(ordered)) - 1, 0)] if ordered else None
        self._usual = pattern(sold, back, high, len(ordered))
        self._times, self._number = [], number


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay came to."""

    late: int
    uncovered: int
    held: int

    @property
    def share(self) -> float:
        """Give the share of what came back that was not covered."""
        return self.uncovered / self.late if self.late else 0.0


def replay(
    shops: Sequence[Sequence[Day]],
    rule: Rule,
    days: int,
    first: int,
    told: Callable[[int], None] = lambda _: None,
) -> list[Purse]:
    """Live all days of all shops; what is counted is counted from the day `first` on."""
    purses = [Purse() for _ in shops]
    for number in range(days):
        if number == first:
            for purse in purses:
                purse.days_held = purse.late = purse.uncovered = purse.short = 0
        told(number)
        for shop, purse in enumerate(purses):
            purse.live(shops[shop][number])
            day = shops[shop][number]
            held, horizon = rule(shop, number, purse) if day.sold or day.later else (0, 0)
            purse.close(number, day, held, horizon)
    return purses


def total(purses: Sequence[Purse]) -> Outcome:
    """Sum it."""
    return Outcome(
        sum(one.late for one in purses),
        sum(one.uncovered for one in purses),
        sum(one.days_held for one in purses),
    )
