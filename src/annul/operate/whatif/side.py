"""Alarms over traffic played again: the turn of `annul.operate.alarms.judging`, in memory."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from annul.domain.alarm_scopes import explained
from annul.domain.alarm_streams import Scope, Stream, Way, summed
from annul.domain.alarms import MEASURES, Counts, Measure
from annul.operate.alarms.rules import AlarmRules
from annul.operate.alarms.standing import Standing

from .usuals import Usuals

_LATELY: Final = 6  # slots for which an alarm can tell whom it is about
_NONE: Final = Counts()
_Ways = Mapping[Way, Counts]


class Began(NamedTuple):
    """An alarm is raised, of a stream that explains it."""

    measure: Measure
    stream: Stream
    at: datetime
    bad: int
    total: int


class Ended(NamedTuple):
    """It is over."""

    measure: Measure
    stream: Stream


class Moved(NamedTuple):
    """What came of a slot: transactions, and alarms by side, 0 before and 1 after the change."""

    transactions: int
    told: list[tuple[int, Began | Ended]]


class Side:
    """All streams as they stand by one set of rules.

    What is usual is learnt by one that `learns`, into `usuals`, which another one may read.
    """

    def __init__(self, usuals: Usuals, per_million: float, *, learns: bool = True) -> None:
        self._per_million = per_million
        self._learns = learns
        self._usuals = usuals
        self._standings: dict[Stream, Standing] = {}
        self._alarmed: set[Stream] = set()
        self._lately: deque[_Ways] = deque(maxlen=_LATELY)

    def moved(
        self, at: datetime, ways: _Ways, sums: Mapping[Stream, Counts]
    ) -> Iterator[Began | Ended]:
        """Judge what was counted in a slot; `sums` are its ways by stream."""
        self._lately.append(ways)
        hour, seconds = at.replace(minute=0, second=0, microsecond=0), at.timestamp()
        raised: dict[Measure, list[Stream]] = defaultdict(list)
        for stream, counts in sums.items():
            for measure in self._standing(stream, hour).moved(counts, seconds, self._per_million):
                raised[measure].append(stream)
        for measure, streams in raised.items():
            yield from self._raise(measure, streams, at, hour)
        yield from self._over()

    def _standing(self, stream: Stream, hour: datetime) -> Standing:
        """Give a stream; in a new hour it has learnt from the last one."""
        one = self._standings.get(stream)
        if one is None:
            one = self._standings[stream] = Standing(stream)
        if one.hour != hour:
            if self._learns and one.hour is not None and any(one.counts):
                self._usuals.learn(stream, one.hour, one.counts)
            one.hour, one.counts, one.usual = hour, _NONE, self._usuals.of(stream, hour)
        return one

    def _raise(
        self, measure: Measure, alarmed: list[Stream], at: datetime, hour: datetime
    ) -> Iterator[Began]:
        """Say of each alarm whom it is about; one begins for each trouble."""
        place = MEASURES.index(measure)
        lately: dict[Way, Counts] = {}
        for ways in self._lately:
            for way, counts in ways.items():
                lately[way] = lately[way].plus(counts) if way in lately else counts
        sums = summed(lately)

        def usual(stream: Stream, measure: Measure) -> float:
            return self._standing(stream, hour).usual[MEASURES.index(measure)].mean

        heads = {one for one in self._alarmed if self._standings[one].heads(measure)}
        whose = explained(alarmed, measure, lately, usual, sorted(heads))
        began = min(self._standings[one].trails[place].since for one in alarmed)
        for stream in sorted({*whose, *whose.values()} - heads):
            one = self._standing(stream, hour)
            one.raise_alarm(measure, whose.get(stream, stream), began, sums.get(stream, _NONE))
            self._alarmed.add(stream)
        for stream in sorted(set(whose.values()) - heads):
            trail = self._standings[stream].trails[place]
            yield Began(measure, stream, at, trail.bad, trail.total)

    def _over(self) -> Iterator[Ended]:
        """Close what is over, and let go of those that it has explained."""
        for stream in sorted(self._alarmed):
            for measure in self._standings[stream].over():
                for other in self._alarmed:
                    one = self._standings[other]
                    alarm = one.alarms.get(measure)
                    if alarm is not None and alarm.by == stream:
                        one.let_go(measure)
                yield Ended(measure, stream)
        self._alarmed = {one for one in self._alarmed if self._standings[one].alarms}


class Both:
    """The two sides of a change, before and after, that are judged from the same counts.

    Where both look back as far, what is usual is learnt once, by the first.
    """

    def __init__(self, zone: ZoneInfo, rules: Sequence[AlarmRules]) -> None:
        self._learnt = {one.history_days: Usuals(zone) for one in rules}
        learns = (True, len(self._learnt) > 1)
        self._sides = [
            Side(self._learnt[one.history_days], one.per_million, learns=mine)
            for one, mine in zip(rules, learns, strict=True)
        ]

    def learn(self, days: int, rows: Sequence[Sequence[Any]]) -> None:
        """Take rows of hours for those who look back so many days."""
        for scope, member, hour, *counts in rows:
            self._learnt[days].learn(Stream(Scope(scope), member), hour, Counts(*counts))

    def moved(self, at: datetime, rows: Sequence[Sequence[Any]]) -> Moved:
        """Judge the rows of a slot: the five parts of a way, then its five counts."""
        ways = {Way(*row[:5]): Counts(*row[5:]) for row in rows}
        sums = summed(ways)
        told = [
            (place, one)
            for place, side in enumerate(self._sides)
            for one in side.moved(at, ways, sums)
        ]
        return Moved(sum(one.asked for way, one in ways.items() if not way.merchant), told)


# In a process of its own, which serves one replay: whoever asks for it has terminals to answer.
_HELD: Final[dict[str, Both]] = {}
_MINE: Final = "mine"


def begin(zone: str, rules: Sequence[AlarmRules]) -> None:
    """Begin a replay in this process."""
    _HELD[_MINE] = Both(ZoneInfo(zone), rules)


def learn(days: int, rows: Sequence[Sequence[Any]]) -> None:
    """Do what `Both.learn` does."""
    _HELD[_MINE].learn(days, rows)


def moved(at: datetime, rows: Sequence[Sequence[Any]]) -> Moved:
    """Do what `Both.moved` does."""
    return _HELD[_MINE].moved(at, rows)
