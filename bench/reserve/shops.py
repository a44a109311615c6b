"""Shops that sell and give back, made up of single sales with their own habits.

None of it is made of what the reserve reckons with: tickets are lognormal, the pace of days is
random with weeks, seasons and trends, what comes back depends on the day (a bad batch), and ages
are drawn per ticket, by class. A day's events have times: mornings give back, evenings sell.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import cos, exp, log, pi
from typing import Final

_MORE: Final = 75  # days on which nothing is sold any more, and things come back
_DISPUTED: Final = 0.0008  # of sales, weeks later
_BATCH: Final = 0.01  # days of which much comes back
_WEEK: Final = (0.8, 0.8, 0.9, 0.9, 1.2, 1.4, 1.1)


@dataclass(slots=True)
class Day:
    """A day of a shop, in minor units: what it came to, and its own sales at its end.

    `later` is what came back on it of earlier days; `runs` are what the day had come to right after
    each of these, in the order of the clock.
    """

    net: int = 0
    sold: int = 0
    largest: int = 0
    later: list[tuple[int, int]] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Habit:
    """How a class of shops sells: what share comes back late, after how many days."""

    late: float
    age: float  # median, days
    spread: float = 0.9  # of ages, as a lognormal has it
    trend: float = 0.0  # of sales, a day
    drift: float = 0.0  # of what comes back, a day
    season: float = 0.0
    stops: bool = False  # the shop closes on some day, and more comes back before
    bursts: bool = False  # days of many sales of which most are disputed; then it is gone


HABITS: Final[Mapping[str, tuple[float, Habit]]] = {
    "calm": (0.38, Habit(0.008, 4)),
    "seasonal": (0.15, Habit(0.02, 6, season=0.7)),
    "refund_heavy": (0.10, Habit(0.10, 8)),
    "growing": (0.12, Habit(0.02, 5, trend=0.006)),
    "drifting": (0.10, Habit(0.01, 6, drift=0.006)),
    "dying": (0.10, Habit(0.025, 9, trend=-0.003, stops=True)),
    "burst": (0.05, Habit(0.01, 5, bursts=True)),
}


def shops(count: int, days: int, seed: int) -> Iterator[tuple[str, list[Day]]]:
    """Make shops, each with its class; the same for the same seed."""
    names, weights = zip(*((name, weight) for name, (weight, _) in HABITS.items()), strict=True)
    for number in range(count):
        draw = random.Random(f"{seed}/{number}")
        name = draw.choices(names, weights)[0]
        yield name, _shop(draw, HABITS[name][1], days)


def _shop(draw: random.Random, habit: Habit, days: int) -> list[Day]:
    pace = exp(draw.gauss(log(25), 0.9))  # sales a day
    ticket = exp(draw.gauss(log(90_00), 0.8))
    wide = draw.uniform(0.5, 1.1)
    late = habit.late * exp(draw.gauss(0, 0.5))
    end = int(days * draw.uniform(0.4, 0.9)) if habit.stops or habit.bursts else days
    bursting = end - draw.randint(3, 9) if habit.bursts else days
    much, disputed = draw.uniform(5, 14), draw.uniform(0.3, 0.7)
    peak = draw.random()
    events: list[list[tuple[float, int, int]]] = [[] for _ in range(days + 1)]
    for day in range(end):
        usual = pace * _WEEK[day % 7] * (1 + habit.trend) ** day
        usual *= 1 + habit.season * cos(2 * pi * (day / 365 - peak)) ** 3
        burst = day >= bursting
        number = _poisson(draw, usual * draw.gammavariate(6, 1 / 6) * (much if burst else 1))
        bad = draw.uniform(5, 15) if draw.random() < _BATCH else 1.0
        rate = late * (1 + habit.drift) ** day * bad
        rate *= 3 if habit.stops and day > end - 20 else 1
        for _ in range(number):
            amount = max(int(exp(draw.gauss(log(ticket), wide))), 1_00)
            events[day].append((draw.betavariate(3, 2), amount, day))
            back = _comes_back(draw, habit, rate, disputed if burst else _DISPUTED)
            if back is not None and day + back <= days:
                part = amount if draw.random() < 0.7 else int(amount * draw.uniform(0.1, 0.9))
                if part:
                    events[day + back].append((draw.betavariate(2, 3), -part, day))
    return [_day(day, found) for day, found in enumerate(events[:days])]


def _comes_back(draw: random.Random, habit: Habit, late: float, disputed: float) -> int | None:
    """Give the days after which a sale comes back; on the same day it is no late one."""
    chance = draw.random()
    if chance < disputed:
        return 4 + int(draw.gammavariate(3, 7))
    if chance < disputed + late:
        return max(1, min(int(draw.lognormvariate(log(habit.age), habit.spread)), _MORE))
    return None


def _poisson(draw: random.Random, mean: float) -> int:
    if mean > 60:
        return max(0, round(draw.gauss(mean, mean**0.5)))
    limit, product, count = exp(-mean), draw.random(), 0
    while product > limit:
        product *= draw.random()
        count += 1
    return count


def _day(day: int, events: list[tuple[float, int, int]]) -> Day:
    made = Day()
    for _, amount, sold_on in sorted(events):
        made.net += amount
        if sold_on == day:
            made.sold += amount
            made.largest = max(made.largest, amount)
        else:
            made.later.append((sold_on, -amount))
            made.runs.append(made.net)
    return made
