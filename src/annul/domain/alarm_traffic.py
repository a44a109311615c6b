"""Streams of which nothing is heard at all: when no request comes where some are the rule.

As long as requests come no rarer than `Rhythm.rates` say, a silence that spans `missing` of them
has the probability exp(-missing). Every request that is expected pays a stake; the account grows
with the silence as fair odds would, and begins anew with each request. At 1, that is at `bar`, an
alarm is raised: so the expected number of false ones is at most the sum of the stakes, whenever
somebody looks and however rare requests are. Where none are expected nothing grows: a night says
nothing.
(The waiting time of a Poisson process as an e-process: the alternative is that nothing comes.)
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from math import log, log1p
from typing import Final, NamedTuple

from .alarm_streams import SCOPE_SHARES, Scope
from .alarms import TRAFFIC_SHARE

KIND: Final = "traffic_stopped"
# A kind that is rare, or a version that is replaced, may go quiet without any trouble.
SCOPES: Final = frozenset({Scope.ALL, Scope.ISSUER, Scope.RANGE})
# A shop closes early without a word, which no test can tell from a line that is cut.
SHOPS: Final = frozenset({Scope.MERCHANT})
# Counts of a merchant are written every 15 s and judged every 3; a slow database may add to that.
UNDERWAY: Final = timedelta(seconds=60)
_LEAST_DAYS: Final = 4  # of the same kind, from which a rhythm is known
# How much honest days differ beyond chance, as a variance of the rate in squares of its mean: what
# is taken before it is known, how many days that counts, and the least.
_DIFFER: Final = (0.1, 8.0, 0.02)
_DEVIATIONS: Final = 1.8
_TOGETHER: Final = 4  # hours that are empty on one day are rarely alone: a shop that closes early
_HOUR: Final = timedelta(hours=1)


class Cell(NamedTuple):
    """An hour of one kind of day: the days that are known of it, and what these add up to."""

    days: int = 0
    empty: int = 0  # days on which nothing came in this hour
    total: float = 0.0
    squares: float = 0.0


class Rhythm(NamedTuple):
    """How many requests an hour are the least that is usual, by `cell_of`.

    `whole` says of workdays and of days of rest whether something came on each of them; where not,
    a day counts from its first request on.
    """

    rates: tuple[float, ...] = (0.0,) * 48
    whole: tuple[bool, bool] = (False, False)


def cell_of(hour: int, *, rests: bool) -> int:
    """Give the place of an hour in `Rhythm.rates`."""
    return hour + 24 * rests


def bar(scope: Scope, per_million: float) -> float:
    """Give how many requests must be missing: where the stakes of a silence have grown to 1."""
    return log1p(1.0 / (per_million * 1e-6 * SCOPE_SHARES[scope] * TRAFFIC_SHARE))


def least_rate(cell: Cell) -> float:
    """Give the least requests an hour that are usual, from what days of its kind had."""
    days, empty, total, squares = cell
    if days < _LEAST_DAYS or total <= 0.0:
        return 0.0
    mean = total / days
    excess = ((squares - total * mean) / (days - 1) - mean) / mean**2
    guess, counts, least = _DIFFER
    differ = max((excess * (days - 1) + guess * counts) / (days - 1 + counts), least)
    found = _below(mean, differ * (1 + 1 / days) + 1 / (mean * days))
    if not empty:
        return found
    return min(found, -log((empty + 1) / (days + 2)) / _TOGETHER)


def _below(mean: float, variance: float) -> float:
    """Give what so many deviations lie below a mean: of a gamma distribution, as for shares."""
    root = 1 - variance / 9 - _DEVIATIONS * variance**0.5 / 3
    return mean * max(root, 0.0) ** 3


class Silence(NamedTuple):
    """A stream that was last heard at `seen`; `watched` is since when somebody listens."""

    scope: Scope
    rhythm: Rhythm
    seen: datetime  # in the zone of the hours
    watched: datetime
    special: Callable[[date], bool]  # whether a day is none of the usual kind: a holiday

    def _counts_from(self, day: date) -> bool:
        """Say whether a day counts though nothing was heard on it yet."""
        if self.scope is Scope.MERCHANT or self.special(day):
            return False
        return self.rhythm.whole[day.isoweekday() > 5]

    def since(self, now: datetime) -> datetime:
        """Give from when on requests are missing."""
        return max(self.seen, self.watched.astimezone(now.tzinfo)) + UNDERWAY

    def missing(self, now: datetime) -> float:
        """Give how many requests are missing by now, at the least that is usual."""
        return self._walked(now, None)[0]

    def reaches(self, wanted: float, until: datetime) -> datetime:
        """Give when so many are missing if none comes, `until` where that is later."""
        return self._walked(until, wanted)[1]

    def _walked(self, until: datetime, wanted: float | None) -> tuple[float, datetime]:
        at, found = self.since(until), 0.0
        while at < until:
            end = min((at + _HOUR).replace(minute=0, second=0, microsecond=0), until)
            day = at.date()
            rate = self.rhythm.rates[cell_of(at.hour, rests=day.isoweekday() > 5)]
            if day == self.seen.date() or self._counts_from(day):
                part = (end - at) / _HOUR * rate
                if wanted is not None and found + part >= wanted:
                    return wanted, at + _HOUR * ((wanted - found) / rate)
                found += part
            at = end
        return found, until


def rhythm(cells: Sequence[Cell], empty_days: Sequence[int], days: Sequence[int]) -> Rhythm:
    """Learn from the 48 hours, and of how many of the `days` of both kinds nothing came at all."""
    whole = [
        known >= _LEAST_DAYS and not none for known, none in zip(days, empty_days, strict=True)
    ]
    return Rhythm(tuple(map(least_rate, cells)), (whole[0], whole[1]))
