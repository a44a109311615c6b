"""How strongly a signal speaks: tests over the values of its facts, from 0 to 1. Pure."""

from collections.abc import Callable
from math import comb
from typing import Final

_FEW_SIDED: Final = 3  # with so many on a side half of the certainty is left
_ENOUGH: Final = 100  # more of them change nothing; whoever gives facts may say any number


def equals(wanted: object) -> Callable[[object], bool]:
    """Say whether a value is the wanted one."""
    return lambda value: value == wanted


def at_least(bound: float) -> Callable[[float, int], float]:
    """Say how sure it is that a share is this large, from a sample of so many."""
    return lambda share, count: _beyond(1 - share, count, 1 - bound)


def at_most(bound: float) -> Callable[[float, int], float]:
    """Say how sure it is that a share is this small, from a sample of so many."""
    return lambda share, count: _beyond(share, count, bound)


def _beyond(share: float, count: int, bound: float) -> float:
    """Give the probability that a rate is below a bound, less what it is without a sample.

    Every rate is as likely as any other beforehand; the tail of its Beta distribution is that of a
    binomial one.
    """
    count = min(max(int(count), 0), _ENOUGH)
    seen, tries = round(min(max(share, 0.0), 1.0) * count), count + 1
    above = sum(
        comb(tries, hits) * bound**hits * (1 - bound) ** (tries - hits) for hits in range(seen + 1)
    )
    return (1 - above - bound) / (1 - bound)


def part(*wanted: str) -> Callable[..., float]:
    """Say how sure it is that one of these parts of the traffic is in trouble."""
    return lambda name, sure, *_: sure if name in wanted else 0.0


def learnt(*kinds: str) -> Callable[..., float]:
    """Say how surely a rule of these kinds is broken: few on a side make nobody sure."""

    def broken(rule: str, sure: float, refused: int, approved: int) -> float:
        count = refused if rule == "never" else min(refused, approved)
        return sure * count / (count + _FEW_SIDED) if rule in kinds and count > 0 else 0.0

    return broken


def rule(*names: str) -> Callable[[str], bool]:
    """Say whether it was ended by one of these rules or silences."""
    return lambda why: why in names
