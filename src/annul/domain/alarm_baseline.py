"""What is usual for a stream: learnt from its own hour of the same kind of day, and held wide.

Hours of little traffic lean on the stream's whole, and a new stream on what it is a part of: its
issuer, or everything. Honest days differ by more than chance; how much is measured, and what the
test allows for lies above all but few of them.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from .alarms import Measure, Usual

# So many transactions what it belongs to counts.
_OF_PARENT: Final = 20.0
# Standard deviations of honest hours that trouble may lie above the mean.
_DEVIATIONS: Final = 1.8
# How much honest hours differ beyond chance before it is known (intraclass correlation), at least,
# at most, and what this guess counts, in transactions: one day from the next, and hours of the day.
_DIFFER: Final = (0.0005, 0.0001, 0.2, 2_000.0)
_HOURS_DIFFER: Final = (1 / 300, 1 / 20_000, 0.2, 500.0)
# Of what nobody knows anything about.
_UNKNOWN: Final[Mapping[Measure, float]] = {
    Measure.APPROVALS: 0.15,
    Measure.FAULTS: 0.02,
    Measure.SILENCE: 0.01,
    Measure.LATENCY: 0.01,
}


class History(NamedTuple):
    """What is known of one measure of a stream, over all its usual hours.

    `hours` and `cells` are how many hours there were, and how many different ones of day and week.
    `within` is the sum over hours of (bad squared / count) less the same of their cells, `between`
    the sum over cells less the same of the whole.
    """

    total: float = 0.0
    bad: float = 0.0
    hours: int = 0
    cells: int = 0
    within: float = 0.0
    between: float = 0.0
    here: float = 0.0  # in the same hour of the same kind of day
    here_bad: float = 0.0
    here_hours: int = 0


def usual(measure: Measure, own: History, parent: History | None) -> Usual:
    """Give what is usual in this hour, from the stream's history and that of what it belongs to."""
    whole = _UNKNOWN[measure]
    if parent is not None:
        whole = (parent.bad + _OF_PARENT * whole) / (parent.total + _OF_PARENT)
    whole = (own.bad + _OF_PARENT * whole) / (own.total + _OF_PARENT)
    leans_on = 1 / hours_differ(own)
    mean = (own.here_bad + leans_on * whole) / (own.here + leans_on)
    leans = leans_on / (own.here + leans_on)
    unsure = (
        1 / (own.here + leans_on)
        + leans * leans / (own.total + _OF_PARENT)
        + differs(own) * (1 + 1 / max(own.here_hours, 1))
    )
    return Usual(mean, _above(mean, mean * (1 - mean) * unsure))


def differs(own: History) -> float:
    """Estimate by how much honest hours differ from others of their hour of day, beyond chance."""
    free = max(own.hours - own.cells, 0)
    return _correlation(own, own.within, free, own.total - own.hours, _DIFFER)


def hours_differ(own: History) -> float:
    """Estimate by how much the hours of the day differ from each other, beyond chance."""
    free = max(own.cells - 1, 0)
    return _correlation(own, own.between, free, own.total - own.cells, _HOURS_DIFFER)


def _correlation(
    own: History,
    squares: float,
    free: int,
    weight: float,
    guess: tuple[float, float, float, float],
) -> float:
    """Give what is left of squares beyond chance, leaning on a guess: it, least, most, weight."""
    known, least, most, counts = guess
    share = own.bad / own.total if own.total else 0.0
    chance = share * (1 - share)
    excess = squares / chance - free if chance else 0.0
    return min(max((excess + known * counts) / (max(weight, 0.0) + counts), least), most)


def _above(mean: float, variance: float) -> float:
    """Give what so many deviations lie above a share: of a gamma distribution, which has its tail.

    Source: the cube root of it is nearly normal (Wilson and Hilferty, 1931).
    """
    shape = max(mean * mean / variance, 0.05)
    root = 1 - 1 / (9 * shape) + _DEVIATIONS / (3 * shape**0.5)
    return min(max(mean * root**3, mean), 0.98)
