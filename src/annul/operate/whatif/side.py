"""Alarms over traffic played again: the turn of `annul.operate.alarms.judging`, in memory."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
_Raised = dict[Measure, list[Stream]]


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

    What is usual is learnt into `usuals`, unless it is `like` another one that does. Of what both
    have the accounts differ by a factor alone, since all bets are alike: a stream gets a standing
    of its own where it first has an alarm on one of them.
    """

    def __init__(self, usuals: Usuals, per_million: float, *, like: "Side | None" = None) -> None:
        self._per_million = per_million
        self._like = like
        self._usuals = usuals
        self._standings: dict[Stream, Standing] = {}
        self._alarmed: set[Stream] = set()
        self._lately: deque[_Ways] = deque(maxlen=_LATELY)
        self._follower: Side | None = None
        if like is not None:
            like.followed_by(self)
            self._factor = per_million / like.per_million

    @property
    def per_million(self) -> float:
        """The false alarms that are allowed."""
        return self._per_million

    def followed_by(self, follower: "Side") -> None:
        """Let another side stand as this one does, until it forks."""
        self._follower = follower

    def judged(self, at: datetime, ways: _Ways, sums: Mapping[Stream, Counts]) -> _Raised:
        """Judge what was counted in a slot; `sums` are its ways by stream. Name what is raised.

        One that is like another is asked after that one, and before either has `settled`.
        """
        self._lately.append(ways)
        hour, seconds = _hour(at), at.timestamp()
        raised: _Raised = defaultdict(list)
        for stream, counts in sums.items():
            if self._like is not None and stream not in self._standings:
                told = self._as_the_other(stream)
            else:
                standing = self._standing(stream, hour)
                told = standing.moved(counts, seconds, self._per_million)
            for measure in told:
                raised[measure].append(stream)
        return raised

    def settled(self, at: datetime, raised: _Raised) -> Iterator[Began | Ended]:
        """Raise what was judged so, and close what is over."""
        for measure, streams in raised.items():
            yield from self._raise(measure, streams, at, _hour(at))
        yield from self._over()

    def fork(self, stream: Stream) -> None:
        """Stand by itself from now on, as the other does now."""
        if self._like is None or stream in self._standings:
            return
        other = self._like.standing(stream)
        if other is not None:
            accounts = [tuple(part * self._factor for part in one) for one in other.accounts]
            self._standings[stream] = replace(
                other, accounts=accounts, trails=list(other.trails), alarms={}
            )

    def standing(self, stream: Stream) -> Standing | None:
        """Give how a stream stands, if it does."""
        return self._standings.get(stream)

    def _as_the_other(self, stream: Stream) -> list[Measure]:
        """Name what is raised of a stream that stands as the other's, which has moved it."""
        other = self._like.standing(stream) if self._like else None
        if other is None:
            return []
        told = [
            measure
            for measure, account in zip(MEASURES, other.accounts, strict=True)
            if sum(account) * self._factor >= 1.0
        ]
        if told:
            self.fork(stream)
        return told

    def _standing(self, stream: Stream, hour: datetime) -> Standing:
        """Give a stream; in a new hour it has learnt from the last one."""
        self.fork(stream)
        one = self._standings.get(stream)
        if one is None:
            one = self._standings[stream] = Standing(stream)
        if one.hour != hour:
            if self._like is None and one.hour is not None and any(one.counts):
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
            return self._usuals.of(stream, hour)[MEASURES.index(measure)].mean

        heads = {one for one in self._alarmed if self._standings[one].heads(measure)}
        whose = explained(alarmed, measure, lately, usual, sorted(heads))
        began = min(self._standings[one].trails[place].since for one in alarmed)
        for stream in sorted({*whose, *whose.values()} - heads):
            one = self._standing(stream, hour)
            if self._follower is not None:
                self._follower.fork(stream)
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
        before, after = rules
        first = Side(self._learnt[before.history_days], before.per_million)
        like = first if len(self._learnt) == 1 else None
        second = Side(self._learnt[after.history_days], after.per_million, like=like)
        self._sides = (first, second)

    def learn(self, days: int, rows: Sequence[Sequence[Any]]) -> None:
        """Take rows of hours for those who look back so many days."""
        for scope, member, hour, *counts in rows:
            self._learnt[days].learn(Stream(Scope(scope), member), hour, Counts(*counts))

    def moved(self, at: datetime, rows: Sequence[Sequence[Any]]) -> Moved:
        """Judge the rows of a slot: the five parts of a way, then its five counts."""
        ways = {Way(*row[:5]): Counts(*row[5:]) for row in rows}
        sums = summed(ways)
        raised = [side.judged(at, ways, sums) for side in self._sides]
        told = [
            (place, one)
            for place, side in enumerate(self._sides)
            for one in side.settled(at, raised[place])
        ]
        return Moved(sum(one.asked for way, one in ways.items() if not way.merchant), told)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


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
