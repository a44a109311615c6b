"""Which clearing files are expected, and when: learnt from those that came, or declared. Pure.

A series is what tells of the same issuers in the same layout. It is learnt once files of `ENOUGH`
different days have come within `WINDOW`:

- on which days: on every working day if at least `SHARE` of those between the first and the last
  one had a file, else on the weekdays of which that holds (three of them at least); on rest days
  and holidays if it holds of these (two at least); else it is irregular, and not expected;
- when: as many days later as most (`SHARE` at least, else all) have come, by the time by which
  nine of ten of these had. Days are those of the calendar, or working days where more agree so;
- until `GIVEN_UP` files in a row have not come: then the issuer has changed what it sends.

What is declared goes before what is learnt of the same series, and is never given up.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final, NamedTuple

ENOUGH: Final = 5  # days of which a file has come
WINDOW: Final = timedelta(days=60)
SHARE: Final = 0.8
GIVEN_UP: Final = 5
BACK: Final = timedelta(days=7)  # how far back a file is still looked for
_DAY: Final = timedelta(days=1)
_WEEKDAYS: Final = 3  # days of a weekday by which it is known
_RESTS: Final = 2
_COME: Final = 0.9  # of the files by which time they are expected
_MINUTES: Final = 24 * 60
Works = Callable[[date], bool]  # whether banks work on a day


class FileState(StrEnum):
    """How it stands with a file that is expected."""

    EXPECTED = "expected"
    CAME = "came"
    LATE = "late"


class Came(NamedTuple):
    """A file that came: `at` on the clock of the business; `stands`: neither dropped nor discarded.

    `issuers` are sorted; none means all of them.
    """

    layout: str
    issuers: tuple[str, ...]
    settles_on: date
    at: datetime
    stands: bool


class Series(NamedTuple):
    """Files that are expected: those that tell up to a day from `since` on.

    `weekdays` (0: Monday) of which working days it comes, and whether on rest days: it is due
    `after` days later at `minute` of the day, counted as working days where `working`.
    """

    layout: str  # empty: in any
    issuers: tuple[str, ...]
    since: date
    weekdays: frozenset[int]
    rests: bool
    after: int
    working: bool
    minute: int
    declared: bool
    last: date | None = None  # the latest that came; what is learnt is given up by it


class Expected(NamedTuple):
    """One file that is expected; it is late from `late_at` on."""

    layout: str
    issuers: tuple[str, ...]
    settles_on: date
    due_at: datetime
    late_at: datetime
    declared: bool
    state: FileState
    came_at: datetime | None = None


def expected(
    came: Sequence[Came], declared: Iterable[Series], now: datetime, grace: timedelta, works: Works
) -> list[Expected]:
    """Give what is expected around `now`, on the clock of the business, the earliest first.

    That is what tells up to a day of the last `BACK`, and all that is due until tomorrow.
    """
    fixed = tuple(declared)
    learnt = [
        one for one in learn(came, now.date(), works) if not any(_same(said, one) for said in fixed)
    ]
    found = [one for series in (*fixed, *learnt) for one in _of(series, came, now, grace, works)]
    return sorted(found, key=lambda one: (one.due_at, one.layout, one.issuers))


def learn(came: Iterable[Came], today: date, works: Works) -> list[Series]:
    """Learn series from files that came, also from such as do not stand any more."""
    first: dict[tuple[str, tuple[str, ...]], dict[date, datetime]] = defaultdict(dict)
    for one in came:
        if today - WINDOW <= one.settles_on <= today:
            days = first[one.layout, one.issuers]
            days[one.settles_on] = min(one.at, days.get(one.settles_on, one.at))
    found: list[Series] = []
    for (layout, issuers), days in sorted(first.items()):
        if len(days) < ENOUGH:
            continue
        weekdays, rests = _pattern(days, works)
        if not weekdays and not rests:
            continue
        after, working, minute = _when(days, works)
        known = sorted(days)
        since = known[ENOUGH - 1] + _DAY
        found.append(
            Series(
                layout, issuers, since, weekdays, rests, after, working, minute,
                declared=False, last=known[-1],
            )
        )  # fmt: skip
    return found


def due(series: Series, day: date, zone: tzinfo | None, works: Works) -> datetime:
    """Give when the file that tells up to a day is due."""
    at, left = day, series.after
    while left > 0:
        at += _DAY
        left -= not series.working or works(at)
    hour, minute = divmod(series.minute, 60)
    return datetime.combine(at, time(hour, minute), zone)


def tells(one: Came, layout: str, issuers: tuple[str, ...]) -> bool:
    """Whether a file tells of all these issuers (none: of every one), in a layout (none: any)."""
    of_them = bool(issuers) and set(issuers) <= set(one.issuers)
    return layout in {"", one.layout} and (not one.issuers or of_them)


def came_at(
    came: Iterable[Came], layout: str, issuers: tuple[str, ...], day: date
) -> datetime | None:
    """Give when the first file came that stands and tells of this up to a day; None: it did not."""
    found = [
        one.at
        for one in came
        if one.stands and one.settles_on == day and tells(one, layout, issuers)
    ]
    return min(found, default=None)


def _same(declared: Series, learnt: Series) -> bool:
    return declared.layout in {"", learnt.layout} and declared.issuers == learnt.issuers


def _of(
    series: Series, came: Sequence[Came], now: datetime, grace: timedelta, works: Works
) -> Iterator[Expected]:
    missed = 0
    day = max(series.since, now.date() - BACK)
    if series.last is not None:  # those in a row are counted from the first of them
        day = min(day, max(series.since, series.last + _DAY))
    while day <= now.date():
        at = due(series, day, now.tzinfo, works)
        late_at = at + grace
        on = series.rests if not works(day) else day.weekday() in series.weekdays
        if on and at.date() <= now.date() + _DAY and missed < GIVEN_UP:
            here = came_at(came, series.layout, series.issuers, day)
            late = now >= late_at
            state = FileState.CAME if here else FileState.LATE if late else FileState.EXPECTED
            after_last = series.last is not None and day > series.last
            missed += state is FileState.LATE and after_last
            if day >= now.date() - BACK:
                named = (series.layout, series.issuers, day, at, late_at, series.declared)
                yield Expected(*named, state, here)
        day += _DAY


def _pattern(days: Iterable[date], works: Works) -> tuple[frozenset[int], bool]:
    """Give on which weekdays, as far as they are worked on, and whether on rest days."""
    had = set(days)
    first, last = min(had), max(had)
    span = [first + _DAY * at for at in range((last - first).days + 1)]
    working = [day for day in span if works(day)]
    rest = [day for day in span if not works(day)]
    rests = len(rest) >= _RESTS and _share(rest, had) >= SHARE
    if working and _share(working, had) >= SHARE:
        return frozenset(range(7)), rests
    of = {weekday: [day for day in working if day.weekday() == weekday] for weekday in range(7)}
    known = {at for at, some in of.items() if len(some) >= _WEEKDAYS and _share(some, had) >= SHARE}
    return frozenset(known), rests


def _share(days: Sequence[date], had: set[date]) -> float:
    return sum(day in had for day in days) / len(days)


def _when(days: dict[date, datetime], works: Works) -> tuple[int, bool, int]:
    """Give how many days later, whether they are working days, and the minute of the day."""
    minutes = {day: at.hour * 60 + at.minute for day, at in days.items()}
    after = {day: (at.date() - day).days for day, at in days.items()}
    worked = {day: _worked(day, at.date(), works) for day, at in days.items()}
    (usual, had), (usual_worked, had_worked) = (
        Counter(one.values()).most_common(1)[0] for one in (after, worked)
    )
    if max(had, had_worked) < SHARE * len(days):
        whole = _by_then([after[day] * _MINUTES + minutes[day] for day in days])
        return max(whole, 0) // _MINUTES, False, whole % _MINUTES
    if had >= had_worked:
        at_time = _by_then([minutes[day] for day in days if after[day] == usual])
        return max(usual, 0), False, at_time
    return usual_worked, True, _by_then([minutes[d] for d in days if worked[d] == usual_worked])


def _by_then(minutes: Iterable[int]) -> int:
    """Give the minute by which nine of ten had come."""
    known = sorted(minutes)
    return known[math.ceil(_COME * len(known)) - 1]


def _worked(day: date, until: date, works: Works) -> int:
    """Count the working days after a day, up to another one."""
    return sum(works(day + _DAY * at) for at in range(1, (until - day).days + 1))
