"""What is usual in the simulated traffic, for the product's tests and for the usual rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean, pstdev
from typing import Final

from annul.domain.alarm_baseline import usual
from annul.domain.alarm_streams import Stream
from annul.domain.alarms import MEASURES, Counts, Usual
from tests.support.alarm_hours import cell_of, histories

from .world import World, counted

HISTORY: Final = 42  # days that the product learns from
LONG: Final = 90  # days that the usual rules look back
_MINIMUM: Final = 45

Kept = Mapping[Stream, list[tuple[int, int, Counts]]]  # day, hour, counts


def day_of(world: World, day: int) -> dict[Stream, list[tuple[int, int, Counts]]]:
    """Count a day by stream and hour."""
    found: dict[Stream, list[tuple[int, int, Counts]]] = {}
    for hour in world.hours(day):
        for stream, counts in counted(world, hour).items():
            found.setdefault(stream, []).append((day, hour.hour, Counts(*counts)))
    return found


Usuals = Mapping[Stream, Mapping[tuple[int, bool], tuple[Usual, ...]]]


def usuals(kept: Kept, streams: Iterable[Stream]) -> Usuals:
    """Give what is usual of each stream in each hour of the two kinds of day."""
    known = {stream: histories(hours) for stream, hours in kept.items()}
    none = histories(())
    found: dict[Stream, dict[tuple[int, bool], tuple[Usual, ...]]] = {}
    for stream in streams:
        own, parent = known.get(stream, none), stream.parent
        whole = known.get(parent) if parent else None
        found[stream] = {
            cell: tuple(
                usual(measure, own[cell][at], whole[cell][at] if whole else None)
                for at, measure in enumerate(MEASURES)
            )
            for cell in own
        }
    return found


@dataclass(frozen=True, slots=True)
class Rules:
    """Thresholds of the field's usual rules for one stream: below is alarm.

    `hourly` by hour and kind of day: mean less two deviations of that hour. `daily`: two deviations
    under the lowest of 45 days and under 75 % of the lowest of 90; for days of 100 and more.
    """

    hourly: Mapping[tuple[int, bool], float] = field(default_factory=dict[tuple[int, bool], float])
    daily: float = 0.0


def rules(hours: list[tuple[int, int, Counts]], until: int) -> Rules:
    """Learn the thresholds from the days before `until`."""
    by_cell: dict[tuple[int, bool], list[float]] = {}
    days: dict[int, list[int]] = {}
    for day, hour, counts in hours:
        share = approved(counts)
        if day >= until - HISTORY and counts.asked:
            by_cell.setdefault(cell_of(day, hour), []).append(share)
        mine = days.setdefault(day, [0, 0])
        mine[0] += counts.approved
        mine[1] += counts.asked
    shares = {day: good / total for day, (good, total) in days.items() if total >= 100}
    late = [share for day, share in shares.items() if day >= until - _MINIMUM]
    daily = 0.0
    if len(late) > 1:
        daily = min(min(late) - 2 * pstdev(late), 0.75 * min(shares.values()))
    return Rules(
        {
            cell: fmean(found) - 2 * pstdev(found)
            for cell, found in by_cell.items()
            if len(found) > 1
        },
        daily,
    )


def approved(counts: Counts) -> float:
    """Give the share that the usual rules look at."""
    return counts.approved / counts.asked if counts.asked else 1.0
