"""What is usual for a stream: learnt from its own hour of the same kind of day, and held wide.

Hours of little traffic lean on the stream's whole, and a new stream on what it is a part of: its
issuer, or everything. Honest days differ by more than chance; how much is measured, and what the
test allows for lies above all but few of them.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from .alarms import Measure, Usual

# So many transactions the next larger whole counts: of what it belongs to, of its own hours.
_OF_PARENT: Final = 20.0
_OF_WHOLE: Final = 300.0
# Standard deviations of honest hours that trouble may lie above the mean.
_DEVIATIONS: Final = 2.5
# How much honest hours differ beyond chance before it is known (intraclass correlation), at least,
# and what this guess counts, in transactions.
_DIFFER: Final = 0.0005
_DIFFER_LEAST: Final = 0.0001
_DIFFER_MOST: Final = 0.2
_DIFFER_OF: Final = 2_000.0
# Of what nobody knows anything about.
_UNKNOWN: Final[Mapping[Measure, float]] = {
    Measure.APPROVALS: 0.15,
    Measure.FAULTS: 0.02,
    Measure.SILENCE: 0.01,
    Measure.LATENCY: 0.01,
}


class History(NamedTuple):
    """What is known of one measure of a stream, over all its usual hours.

    `within` is the sum over hours of (bad squared / count) less the same of their hour of day;
    `hours` and `cells` are how many hours there were, and how many different ones of day and week.
    """

    total: float = 0.0
    bad: float = 0.0
    hours: int = 0
    cells: int = 0
    within: float = 0.0
    here: float = 0.0  # in the same hour of the same kind of day
    here_bad: float = 0.0
    here_hours: int = 0


def usual(measure: Measure, own: History, parent: History | None) -> Usual:
    """Give what is usual in this hour, from the stream's history and that of what it belongs to."""
    whole = _UNKNOWN[measure]
    if parent is not None:
        whole = (parent.bad + _OF_PARENT * whole) / (parent.total + _OF_PARENT)
    whole = (own.bad + _OF_PARENT * whole) / (own.total + _OF_PARENT)
    mean = (own.here_bad + _OF_WHOLE * whole) / (own.here + _OF_WHOLE)
    differ = differs(own)
    leans = _OF_WHOLE / (own.here + _OF_WHOLE)
    unsure = (
        1 / (own.here + _OF_WHOLE)
        + leans * leans / (own.total + _OF_PARENT)
        + differ * (1 + 1 / max(own.here_hours, 1))
    )
    return Usual(mean, _above(mean, mean * (1 - mean) * unsure))


def differs(own: History) -> float:
    """Estimate by how much honest hours differ beyond chance, as an intraclass correlation."""
    share = own.bad / own.total if own.total else 0.0
    chance = share * (1 - share)
    excess = own.within / chance - max(own.hours - own.cells, 0) if chance else 0.0
    weight = max(own.total - own.hours, 0.0)
    found = (excess + _DIFFER * _DIFFER_OF) / (weight + _DIFFER_OF)
    return min(max(found, _DIFFER_LEAST), _DIFFER_MOST)


def _above(mean: float, variance: float) -> float:
    """Give what so many deviations lie above a share: of a gamma distribution, which has its tail.

    Source: the cube root of it is nearly normal (Wilson and Hilferty, 1931).
    """
    shape = max(mean * mean / variance, 0.05)
    root = 1 - 1 / (9 * shape) + _DEVIATIONS / (3 * shape**0.5)
    return min(max(mean * root**3, mean), 0.98)
