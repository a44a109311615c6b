"""How soon trouble is found: seeded drops and silences in streams as they stand in the replay."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from random import Random
from statistics import median
from typing import Any, Final, NamedTuple

from annul.domain.alarm_streams import Stream
from annul.domain.alarms import MEASURES, Counts, Measure
from annul.operate.alarms.standing import Standing
from tests.support.alarm_hours import cell_of

from .learn import Rules, approved

_MOST: Final = 20_000  # transactions after which a trouble counts as not found
_HOURS: Final = 24 * 14  # or hours


class Trouble(NamedTuple):
    """A kind of trouble: by which measure it is to be found, and what becomes of transactions."""

    measure: Measure
    share: float  # of trouble, while it lasts


DROP: Final = Trouble(Measure.APPROVALS, 0.30)
SILENCE: Final = Trouble(Measure.SILENCE, 1.0)


class Found(NamedTuple):
    """After how many transactions of the stream; None: not found."""

    stream: Stream
    hourly_volume: float
    own: int | None
    hourly: int | None
    daily: int | None


def tried(
    standing: Standing,
    trouble: Trouble,
    rules: Rules,
    volumes: Mapping[tuple[int, bool], float],
    random: Random,
) -> Found:
    """Let a stream fall ill at a random moment of a day of trade, and count until it is told."""
    place = MEASURES.index(trouble.measure)
    mine, usual = deepcopy(standing), standing.usual[place].mean
    own: int | None = None
    for count in range(1, _MOST):
        bad = random.random() < trouble.share
        if trouble.measure in mine.moved(_one(trouble, bad=bad), float(count), 1.0):
            own = count
            break
    day, hour = random.randrange(7), random.choice([h for h in range(24) if volumes[h, False] > 0])
    hourly, daily = _by_rules(trouble, usual, rules, volumes, day, hour, random)
    return Found(standing.stream, volumes[hour, False], own, hourly, daily)


def _one(trouble: Trouble, *, bad: bool) -> Counts:
    if trouble.measure is Measure.SILENCE:
        return Counts(silent=1) if bad else Counts(approved=1)
    return Counts(declined=1) if bad else Counts(approved=1)


def _by_rules(
    trouble: Trouble,
    usual: float,
    rules: Rules,
    volumes: Mapping[tuple[int, bool], float],
    day: int,
    hour: int,
    random: Random,
) -> tuple[int | None, int | None]:
    """Go on hour by hour: the rules look at the end of each, and of each day."""
    began, since = random.random(), 0
    hourly: int | None = None
    of_day = Counts()
    for _ in range(_HOURS):
        volume = volumes[cell_of(day, hour)]
        total = max(round(random.gauss(volume, volume**0.5)), 0)
        ill = round(total * (1 - began))
        counts = _played(total - ill, usual, random).plus(_ill(ill, trouble, random))
        since, of_day, began = since + ill, of_day.plus(counts), 0.0
        threshold = rules.hourly.get(cell_of(day, hour), 0.0)
        if hourly is None and ill and approved(counts) < threshold:
            hourly = since
        hour += 1
        if hour == 24:
            hour, day = 0, (day + 1) % 7
            if of_day.asked >= 100 and approved(of_day) < rules.daily:
                return hourly, since
            of_day = Counts()
    return hourly, None


def _played(count: int, usual: float, random: Random) -> Counts:
    bad = sum(random.random() < usual for _ in range(count))
    return Counts(approved=count - bad, declined=bad)


def _ill(count: int, trouble: Trouble, random: Random) -> Counts:
    bad = sum(random.random() < trouble.share for _ in range(count))
    if trouble.measure is Measure.SILENCE:
        return Counts(approved=count - bad, silent=bad)
    return Counts(approved=count - bad, declined=bad)


def said(found: Sequence[Found]) -> dict[str, Any]:
    """Give medians; what is never found counts as longest."""

    def middle(name: str) -> float | None:
        values = [getattr(one, name) for one in found]
        result = median(_MOST if value is None else value for value in values)
        return None if result >= _MOST else result

    return {
        "trials": len(found),
        **{name: middle(name) for name in ("own", "hourly", "daily")},
        "own_not_found": sum(one.own is None for one in found),
        "hourly_not_found": sum(one.hourly is None for one in found),
        "daily_not_found": sum(one.daily is None for one in found),
    }
