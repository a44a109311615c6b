"""Whether a share differs by more than chance: intervals, tests, and many tests at once.

Each void counts as one look of its own. Those of one outage are not: where they make a difference,
the report says which issuer, cause and software it comes from, and whoever reads it can tell.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

Z: Final = 1.959963984540054  # of 95 %
LEVEL: Final = 0.05
_FEW: Final = 5.0  # below so many expected ones the normal curve is no good guess
_TIES: Final = 1.0 + 1e-7


class Share(NamedTuple):
    """So many of so many."""

    part: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, None of nothing."""
        return self.part / self.of if self.of else None


def wilson(share: Share) -> tuple[float, float]:
    """Give the 95 % interval of a share by Wilson's score; of nothing, all is possible."""
    if not share.of:
        return 0.0, 1.0
    n, p, zz = share.of, share.part / share.of, Z * Z
    middle = (p + zz / (2 * n)) / (1 + zz / n)
    half = Z * math.sqrt(p * (1 - p) / n + zz / (4 * n * n)) / (1 + zz / n)
    low = 0.0 if not share.part else max(middle - half, 0.0)
    high = 1.0 if share.part == share.of else min(middle + half, 1.0)
    return low, high


def difference(before: Share, now: Share) -> tuple[float, float] | None:
    """Give the 95 % interval of `now - before` out of Wilson's (Newcombe); None of nothing."""
    first, second = before.value, now.value
    if first is None or second is None:
        return None
    (low0, high0), (low1, high1) = wilson(before), wilson(now)
    change = second - first
    return (
        change - math.hypot(second - low1, high0 - first),
        change + math.hypot(high1 - second, first - low0),
    )


def chance(before: Share, now: Share) -> float:
    """Give how probable so large a difference is by chance alone; 1 where one side is nothing.

    By two proportions, pooled; where few are expected in any cell, exactly (Fisher).
    """
    if not before.of or not now.of:
        return 1.0
    n, part = before.of + now.of, before.part + now.part
    least = min(before.of, now.of) * min(part, n - part) / n
    if least < _FEW:
        return _exact(before, now)
    pooled = part / n
    spread = math.sqrt(pooled * (1 - pooled) * (1 / before.of + 1 / now.of))
    return math.erfc(abs(now.part / now.of - before.part / before.of) / spread / math.sqrt(2))


def _exact(before: Share, now: Share) -> float:
    """Add up all tables with the same margins that are no more probable than this one.

    The rarer of both outcomes and the smaller of both sides bound how many there are.
    """
    n, part = before.of + now.of, before.part + now.part
    side, hit = (before.of, before.part) if before.of <= now.of else (now.of, now.part)
    if 2 * part > n:
        part, hit = n - part, side - hit
    least, most = max(0, side - (n - part)), min(side, part)

    def log_of(k: int) -> float:
        return _choose(part, k) + _choose(n - part, side - k)

    seen, whole = log_of(hit), _choose(n, side)
    sums = math.fsum(
        math.exp(one - whole)
        for k in range(least, most + 1)
        if (one := log_of(k)) <= seen + math.log(_TIES)
    )
    return min(sums, 1.0)


def _choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def holm(chances: Sequence[float], level: float = LEVEL) -> list[bool]:
    """Say which are more than chance when all are asked at once (Holm): one wrong in 20 reports."""
    told = [False] * len(chances)
    order = sorted(range(len(chances)), key=chances.__getitem__)
    for done, place in enumerate(order):
        if chances[place] > level / (len(chances) - done):
            break
        told[place] = True
    return told
