"""One day replayed: by the product's tally and tests, turn by turn, and by the usual rules."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from annul.domain.alarm_scopes import explained
from annul.domain.alarm_streams import Stream, Way, summed
from annul.domain.alarms import MEASURES, Counts, Measure
from annul.issuers.tally import Tally
from annul.operate.alarms.standing import Standing
from tests.support.alarm_hours import cell_of

from .learn import Rules, Usuals, approved
from .world import Hour, World, sales

TURN_S: Final = 300.0
_PER_MILLION: Final = 1.0
_SLOW_S: Final = 1.0
_DAY_S: Final = 86_400


class Replayed(NamedTuple):
    """What one day came to: transactions, alarms of streams, incidents, alarms of the rules."""

    transactions: int
    repeats: int
    alarms: int
    incidents: int
    hourly: int
    daily: int
    told: list[str]


class _Seconds:
    at = 0.0

    def __call__(self) -> float:
        return self.at


class Day:
    """A day in the middle of traffic. Streams begin it with empty accounts."""

    def __init__(self, world: World, usuals: Usuals) -> None:
        self.standings: dict[Stream, Standing] = {}
        self.alarms = self.incidents = 0
        self.told: list[str] = []
        self._world = world
        self._usuals = usuals
        self._seconds = _Seconds()
        self.tally = Tally(self._seconds)
        self.tally.software = world.software
        self.tally.slow_over = {cell.issuer_id: _SLOW_S for cell in world.cells}
        self._lately: dict[Way, Counts] = {}

    def play(self, hour: Hour) -> dict[Stream, Counts]:
        """Play an hour; gives its counts by stream."""
        began = hour.day * _DAY_S + hour.hour * 3600.0
        cell = cell_of(hour.day, hour.hour)
        for stream, standing in self.standings.items():
            standing.usual = self._usuals[stream][cell]
        whole: dict[Stream, Counts] = {}
        turn = began + TURN_S
        for at, place, asked, answer, slow in sales(self._world, hour):
            self._seconds.at = began + at
            if self._seconds.at >= turn:
                self._judge(whole, cell, turn)
                turn = self._seconds.at - at % TURN_S + TURN_S
            if answer:
                took = 2 * _SLOW_S if slow else 0.0
                self.tally.answered(place.issuer_id, place.mti, place.code, asked, took, answer)
            else:
                self.tally.silence(place.issuer_id, place.mti, place.code, asked)
        self._judge(whole, cell, turn)
        return whole

    def _judge(self, whole: dict[Stream, Counts], cell: tuple[int, bool], now: float) -> None:
        ways = self.tally.taken()
        raised: dict[Measure, list[Stream]] = {}
        for stream, counts in summed(ways).items():
            whole[stream] = whole[stream].plus(counts) if stream in whole else counts
            standing = self.standings.get(stream)
            if standing is None:
                hour = datetime.fromtimestamp(now, UTC)
                standing = Standing(stream, hour, usual=self._usuals[stream][cell])
                self.standings[stream] = standing
            for measure in standing.moved(counts, now, _PER_MILLION):
                raised.setdefault(measure, []).append(stream)
            for measure in standing.over():
                standing.let_go(measure)
        for measure, streams in raised.items():
            self._raise(measure, streams, ways, now)

    def _raise(
        self, measure: Measure, streams: list[Stream], ways: Mapping[Way, Counts], now: float
    ) -> None:
        """Count alarms, and the incidents that they become; each ends by its own recovery."""
        self.alarms += len(streams)

        def usual(stream: Stream, measure: Measure) -> float:
            return self.standings[stream].usual[MEASURES.index(measure)].mean

        whose = explained(streams, measure, ways, usual)
        self.incidents += len(set(whose.values()))
        for stream in streams:
            trail = self.standings[stream].trails[MEASURES.index(measure)]
            self.told.append(f"{measure} {' '.join(stream)} {trail.bad}/{trail.total}")
            self.standings[stream].raise_alarm(measure, stream, now, Counts())


def replayed(world: World, usuals: Usuals, rules: Mapping[Stream, Rules], day: int) -> Replayed:
    """Replay a day without any trouble: each alarm is a false one."""
    mine = Day(world, usuals)
    hourly = daily = 0
    was: set[Stream] = set()
    sums: dict[Stream, Counts] = {}
    transactions = 0
    for hour in world.hours(day):
        whole = mine.play(hour)
        low = {
            stream
            for stream, counts in whole.items()
            if approved(counts) < rules[stream].hourly.get(cell_of(day, hour.hour), 0.0)
        }
        hourly += len(low - was)  # one that goes on is one
        was = low
        transactions += sum(
            counts.asked for stream, counts in whole.items() if stream.scope == "all"
        )
        for stream, counts in whole.items():
            sums[stream] = sums[stream].plus(counts) if stream in sums else counts
    for stream, counts in sums.items():
        daily += counts.asked >= 100 and approved(counts) < rules[stream].daily
    return Replayed(
        transactions,
        mine.tally.repeats,
        mine.alarms,
        mine.incidents,
        hourly,
        daily,
        mine.told,
    )
