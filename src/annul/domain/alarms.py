"""Tests that watch a stream of transactions for as long as it runs, with a stated error rate.

Each stream and measure has an account. Every transaction pays a small stake into it; the account is
then bet that trouble is more frequent than usual, at odds that are fair or worse as long as it is
not. When it reaches 1 an alarm is raised and the account begins anew. While all is as usual the
expectation of what is paid out never exceeds what was paid in, whatever the volume, however often
somebody looks, and however streams depend on each other: so the expected number of false alarms is
at most the sum of the stakes. (An e-detector of the Shiryaev-Roberts kind, over a mixture of
alternatives. Source: Shin, Ramdas and Rinaldo, E-detectors, 2023.)
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from math import exp, log
from typing import Final, NamedTuple

# What is worse than usual by these factors of the odds is bet on, with these parts of the stake.
ODDS: Final = (1.6, 2.5, 6.0, 16.0, 100.0)
PARTS: Final = (0.1, 0.2, 0.4, 0.2, 0.1)
_CERTAIN: Final = 0.995  # no alternative is more certain than this
_MOST: Final = 300.0  # the logarithm of what one bet may pay; more is no surer
_LEAST: Final = 1e-6  # no trouble is rarer than this, as far as anybody can know
# By how much the other hypothesis must be outweighed before a trouble is taken to be over.
_RECOVERED: Final = log(100.0)


class Measure(StrEnum):
    """What of a stream is watched; the name is that of the incident that it raises."""

    APPROVALS = "approvals_dropped"
    FAULTS = "faults_rose"
    SILENCE = "went_silent"
    LATENCY = "slowed"


MEASURES: Final = tuple(Measure)

# How the false alarms that are allowed are dealt out; with `TRAFFIC_SHARE`, for streams in which no
# request comes, they sum up to one.
MEASURE_SHARES: Final[Mapping[Measure, float]] = {
    Measure.APPROVALS: 0.5,
    Measure.FAULTS: 0.15,
    Measure.SILENCE: 0.15,
    Measure.LATENCY: 0.1,
}
TRAFFIC_SHARE: Final = 0.1


class Counts(NamedTuple):
    """Transactions of a stream by what became of them. `slow` were answered, too late for most."""

    approved: int = 0
    declined: int = 0
    faults: int = 0
    silent: int = 0
    slow: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Add two."""
        return Counts(
            self.approved + other.approved,
            self.declined + other.declined,
            self.faults + other.faults,
            self.silent + other.silent,
            self.slow + other.slow,
        )

    @property
    def asked(self) -> int:
        """All of them."""
        return self.approved + self.declined + self.faults + self.silent

    def of(self, measure: Measure) -> tuple[int, int]:
        """Give how many a measure judges, and how many of these are trouble."""
        return self.by_measure()[MEASURES.index(measure)]

    def by_measure(self) -> tuple[tuple[int, int], ...]:
        """Give that of each measure, in their order."""
        approved, declined, faults, silent, slow = self
        booked = approved + declined
        answered = booked + faults
        return (booked, declined), (answered, faults), (answered + silent, silent), (answered, slow)


class Usual(NamedTuple):
    """How often there is trouble as a rule, and how often at most on a day without any cause."""

    mean: float
    upper: float


class Odds(NamedTuple):
    """What one transaction multiplies each part of an account by: as logarithms."""

    bad: tuple[float, ...]
    good: tuple[float, ...]


def odds_against(usual: Usual) -> Odds:
    """Give the bets against "trouble is at most as frequent as usual".

    Each is a likelihood ratio of a more frequent trouble to the most frequent usual one; its
    expectation is at most 1 for any frequency up to that.
    """
    null = min(max(usual.upper, _LEAST), _CERTAIN - 0.001)
    worse = [min(_odds_to_share(factor * null / (1 - null)), _CERTAIN) for factor in ODDS]
    return Odds(
        tuple(log(one / null) for one in worse),
        tuple(log((1 - one) / (1 - null)) for one in worse),
    )


def judged(
    account: Sequence[float], stake: float, count: int, bad: int, odds: Odds
) -> tuple[float, ...]:
    """Pay the stakes of `count` transactions, of which `bad` are trouble, and settle the bets.

    The bets do not depend on how the transactions are split up; the sum of the result is what is
    compared with 1.
    """
    paid, good = stake * count, count - bad
    if not bad:  # the usual case, written out: it is what each transaction costs in each stream
        one, two, three, four, five = account
        gain = odds.good
        return (
            (one + paid * PARTS[0]) * exp(good * gain[0]),
            (two + paid * PARTS[1]) * exp(good * gain[1]),
            (three + paid * PARTS[2]) * exp(good * gain[2]),
            (four + paid * PARTS[3]) * exp(good * gain[3]),
            (five + paid * PARTS[4]) * exp(good * gain[4]),
        )
    return tuple(
        [
            (held + paid * part) * exp(min(bad * loss + good * gain, _MOST))
            for held, part, loss, gain in zip(account, PARTS, odds.bad, odds.good, strict=True)
        ]
    )


EMPTY: Final = (0.0,) * len(ODDS)


class Trail(NamedTuple):
    """Since when a trouble has been building up, and what has been counted since.

    `height` is the logarithm of one bet that begins anew whenever it is lost, so that its last
    beginning is the most likely time of the change.
    """

    height: float = 0.0
    since: float = 0.0  # seconds since 1970
    total: int = 0
    bad: int = 0


_TRAILED: Final = 2  # the alternative by which the beginning is told: six times the usual odds


def followed(trail: Trail, at: float, count: int, bad: int, odds: Odds) -> Trail:
    """Follow a stream on; `at` is when the oldest of these transactions were counted."""
    if trail.height <= 0.0:
        if not bad:
            return trail
        trail = Trail(since=at)
    step = bad * odds.bad[_TRAILED] + (count - bad) * odds.good[_TRAILED]
    height = trail.height + step
    return Trail(max(height, 0.0), trail.since, trail.total + count, trail.bad + bad)


def recovery(height: float, count: int, bad: int, seen: float, usual: Usual) -> float:
    """Weigh that a trouble is over against that it is not: the same test turned round.

    `seen` is the share of trouble while it lasted. What lies between that and the usual one is not
    over yet. The result is a logarithm, from which `is_over` tells.
    """
    null = min(max(usual.upper, _LEAST), _CERTAIN)
    seen = min(max(seen, null), _CERTAIN)
    between = (null * seen / ((1 - null) * (1 - seen))) ** 0.5
    still = max(_odds_to_share(between), null)
    mean = min(max(usual.mean, _LEAST), still)
    step = bad * log(mean / still) + (count - bad) * log((1 - mean) / (1 - still))
    return max(height + step, 0.0)


def is_over(height: float) -> bool:
    """Say whether what `recovery` has weighed is enough."""
    return height >= _RECOVERED


def divergence(seen: float, usual: float) -> float:
    """Give the Kullback-Leibler divergence of two shares in nats: what each transaction tells."""
    usual = min(max(usual, _LEAST), 1 - _LEAST)
    told = seen * log(seen / usual) if seen > 0 else 0.0
    return told + ((1 - seen) * log((1 - seen) / (1 - usual)) if seen < 1 else 0.0)


def _odds_to_share(odds: float) -> float:
    return odds / (1 + odds)
