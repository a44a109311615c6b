"""How a stream stands, as its row says it and as the tests move it on."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, Self

from annul.domain.alarm_streams import EVERYTHING, Scope, Stream, stake
from annul.domain.alarms import (
    EMPTY,
    MEASURES,
    Counts,
    Measure,
    Trail,
    Usual,
    followed,
    is_over,
    judged,
    odds_against,
    recovery,
)

# A trouble that lasts longer becomes usual: what is learnt no longer leaves its hours out.
_UNUSUAL_S: Final = 3 * 86_400.0

_odds: Final = lru_cache(maxsize=16_384)(odds_against)  # they hold for an hour, in all turns


@lru_cache
def _stakes(scope: Scope, per_million: float) -> tuple[float, ...]:
    return tuple(stake(Stream(scope), measure, per_million) for measure in MEASURES)


_FRESH: Final = (EMPTY,) * len(MEASURES)


class Alarm(NamedTuple):
    """One that is open on a stream: since when (seconds), the share of trouble while it lasts.

    `by` is the stream that explains it; on that one an incident is open, and on it is judged how
    far it has `recovered`.
    """

    since: float
    seen: float
    by: Stream
    recovered: float = 0.0


@dataclass(slots=True)
class Standing:
    """One stream. `usual` is that of `hour`; without an hour it is a new one."""

    stream: Stream
    hour: datetime | None = None
    counts: Counts = field(default_factory=Counts)
    usual: tuple[Usual, ...] = ()
    accounts: list[tuple[float, ...]] = field(default_factory=lambda: list(_FRESH))
    trails: list[Trail] = field(default_factory=lambda: [Trail()] * len(MEASURES))
    alarms: dict[Measure, Alarm] = field(default_factory=dict[Measure, Alarm])
    slow_ms: int = 0

    @classmethod
    def of(cls, row: Any) -> Self:
        """Read a row of `watched`."""
        width, accounts, trails = len(EMPTY), row["accounts"], row["trails"]
        return cls(
            Stream(Scope(row["scope"]), row["member"]),
            row["hour"],
            Counts(*row["counts"]),
            tuple(map(Usual, row["mean"], row["upper"])),
            [tuple(accounts[at : at + width]) for at in range(0, len(accounts), width)],
            [
                Trail(height, since, int(count), int(bad))
                for height, since, count, bad in zip(*[iter(trails)] * 4, strict=True)
            ],
            {Measure(name): _alarm(body) for name, body in (row["alarms"] or {}).items()},
            row["slow_ms"],
        )

    def moved(self, counts: Counts, at: float, per_million: float) -> list[Measure]:
        """Judge transactions, the oldest of which were counted at `at`; name what raises alarm.

        A measure with an alarm is not judged anew; where it is the stream's own, its recovery is.
        """
        if self.is_usual(at):
            self.counts = self.counts.plus(counts)
        raised: list[Measure] = []
        stakes = _stakes(self.stream.scope, per_million)
        for place, (count, bad) in enumerate(counts.by_measure()):
            if not count:
                continue
            usual = self.usual[place]
            if self.alarms and (measure := MEASURES[place]) in self.alarms:
                self._go_on(measure, place, count, bad)
                continue
            odds = _odds(usual)
            account = judged(self.accounts[place], stakes[place], count, bad, odds)
            self.accounts[place] = account
            self.trails[place] = followed(self.trails[place], at, count, bad, odds)
            if sum(account) >= 1.0:
                raised.append(MEASURES[place])
        return raised

    def _go_on(self, measure: Measure, place: int, count: int, bad: int) -> None:
        """Follow a measure that has an alarm; where it is its own, see how far it is over."""
        trail, alarm = self.trails[place], self.alarms[measure]
        self.trails[place] = trail._replace(total=trail.total + count, bad=trail.bad + bad)
        if alarm.by == self.stream:
            height = recovery(alarm.recovered, count, bad, alarm.seen, self.usual[place])
            self.alarms[measure] = alarm._replace(recovered=height)

    def raise_alarm(self, measure: Measure, by: Stream, since: float, counts: Counts) -> None:
        """Put an alarm on it. `counts` are those since then, where it has no trail of its own."""
        place = MEASURES.index(measure)
        trail = self.trails[place]
        self.counts = Counts()  # from this hour nothing is learnt up to now
        if not trail.bad:
            trail = Trail(0.0, since, *counts.of(measure))
        self.trails[place] = trail._replace(height=0.0)
        self.accounts[place] = EMPTY
        seen = trail.bad / trail.total if trail.total else 1.0
        self.alarms[measure] = Alarm(trail.since, seen, by)

    def begin_anew(self, measure: Measure, before: float) -> None:
        """Forget what spoke for a trouble before a moment, unless it is an alarm already."""
        place = MEASURES.index(measure)
        if measure not in self.alarms and self.trails[place].since < before:
            self.accounts[place], self.trails[place] = EMPTY, Trail()

    def heads(self, measure: Measure) -> bool:
        """Say whether an alarm is open that is its own."""
        alarm = self.alarms.get(measure)
        return alarm is not None and alarm.by == self.stream

    def over(self) -> list[Measure]:
        """Name the alarms of its own that are over."""
        return [
            measure
            for measure, alarm in self.alarms.items()
            if self.heads(measure) and is_over(alarm.recovered)
        ]

    def let_go(self, measure: Measure) -> None:
        """Take an alarm off; the tests begin anew."""
        place = MEASURES.index(measure)
        del self.alarms[measure]
        self.accounts[place], self.trails[place] = EMPTY, Trail()

    def is_usual(self, now: float) -> bool:
        """Say whether something may be learnt from what it does now."""
        return all(now - alarm.since > _UNUSUAL_S for alarm in self.alarms.values())


def parents(streams: Iterable[Stream]) -> set[Stream]:
    """Name the streams themselves, and what they lean on."""
    mine = set(streams)
    return mine | {one.parent for one in mine if one.parent is not None} | {EVERYTHING}


def names(streams: Collection[Stream]) -> dict[str, list[str]]:
    """Give streams as a statement takes them."""
    return {"scopes": [str(s.scope) for s in streams], "members": [s.member for s in streams]}


def columns(standings: Collection[Standing]) -> Mapping[str, list[Any]]:
    """Give the rows of streams as a statement takes them."""

    def joined(values: Iterable[float]) -> str:
        return ",".join(map(repr, values))

    return {
        **names([one.stream for one in standings]),
        "counts": [joined(one.counts) for one in standings],
        "mean": [joined(u.mean for u in one.usual) for one in standings],
        "upper": [joined(u.upper for u in one.usual) for one in standings],
        "accounts": [joined(v for a in one.accounts for v in a) for one in standings],
        "trails": [joined(v for t in one.trails for v in t) for one in standings],
        "alarms": [
            {str(m): [a.since, a.seen, *a.by, a.recovered] for m, a in one.alarms.items()} or None
            for one in standings
        ],
        "slow_ms": [one.slow_ms for one in standings],
    }


def _alarm(body: list[Any]) -> Alarm:
    since, seen, scope, member, recovered = body
    return Alarm(since, seen, Stream(Scope(scope), member), recovered)
