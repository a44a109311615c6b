"""What tells the voids that an issuer refused from those that it passed: an amount, a time. Pure.

A rule that nobody wrote down refuses all that lies beyond a boundary. Where voids are few, that is
seen before it can be proved (`annul.diagnose.boundaries` proves it): each theory is weighed by how
likely it makes what all of them heard.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from math import exp, inf, log
from operator import itemgetter
from typing import Final, NamedTuple
from uuid import UUID

from annul.domain.response_codes import FAULTS

MOST: Final = 64  # voids that are compared, the newest
PAST: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
# How likely a void is refused beyond a boundary and within it.
_BEYOND: Final = 0.92
_WITHIN: Final = 0.04
# How often voids are refused alike where no theory holds, each with how likely that is.
_BY_CHANCE: Final = ((0.04, 0.6), (0.2, 0.25), (0.5, 0.15))
_NEVER: Final = 1e-3  # what a theory is as likely as that can not hold of this void


class Asked(NamedTuple):
    """A void that an issuer has answered. Minor units and seconds; None where it is not known.

    `place` says which void of its card that day it is, of those approved (1: the first); `since_s`
    counts from the last of them.
    """

    at: datetime
    code: str
    ok: bool
    amount: int
    prefix: str = ""
    original: UUID | str | None = None
    card: int | str | None = None
    age_s: float | None = None
    place: int | None = None
    since_s: float | None = None


class Split(StrEnum):
    """What may tell them apart: what lies behind its boundary is refused."""

    NOTHING = "nothing"  # it is this void alone, or chance
    ALL = "all"
    RANGE = "range"  # all of one range of cards
    SINCE = "since"  # all since some time
    AMOUNT = "amount"
    COUNT = "count"
    INTERVAL = "interval"
    AGE = "age"
    DAY = "day"  # all between whose sale and themselves a day has ended


# Of which boundaries a void lies behind: from one value up to another.
_Span = tuple[float, float]


def _of_day(one: Asked, void: Asked) -> _Span | None:
    if one.age_s is None:
        return None
    at = (one.at - void.at).total_seconds()
    return (at - one.age_s, at)


# None: behind no boundary.
_SPANS: Final[Mapping[Split, Callable[[Asked, Asked], _Span | None]]] = {
    Split.ALL: lambda _one, _void: (-inf, inf),
    Split.RANGE: lambda one, void: (-inf, inf) if one.prefix == void.prefix != "" else None,
    Split.SINCE: lambda one, void: (-inf, (one.at - void.at).total_seconds()),
    Split.AMOUNT: lambda one, _void: (-inf, one.amount),
    Split.COUNT: lambda one, _void: None if one.place is None else (-inf, one.place),
    Split.INTERVAL: lambda one, _void: None if one.since_s is None else (one.since_s, inf),
    Split.AGE: lambda one, _void: None if one.age_s is None else (-inf, one.age_s),
    Split.DAY: _of_day,
}
# How likely each is beforehand; the rest is what nothing tells.
_PRIORS: Final[Mapping[Split, float]] = {
    Split.NOTHING: 0.52, Split.ALL: 0.12, Split.RANGE: 0.06, Split.SINCE: 0.09,
    Split.AMOUNT: 0.08, Split.COUNT: 0.05, Split.INTERVAL: 0.05, Split.AGE: 0.02, Split.DAY: 0.01,
}  # fmt: skip
# Those that are rules of an issuer, which seldom says by a system's code that one is broken.
_RULES: Final = frozenset({Split.AMOUNT, Split.COUNT, Split.INTERVAL, Split.AGE, Split.DAY})
_BY_SYSTEM: Final = 0.2


class Splits(NamedTuple):
    """How likely each theory is, and how many were refused alike and how many passed.

    `lasted_s`: since the first of those that were refused after the last one that passed.
    """

    shares: Mapping[Split, float]
    refused: int
    passed: int
    lasted_s: float


def split(voids: Iterable[Asked], void: Asked) -> Splits | None:
    """Weigh what tells others that were refused like this void from those that passed.

    None when there is nobody to compare with. Others refused for reasons of their own say nothing.
    """
    told: list[tuple[Asked, bool]] = []
    for one in _once(voids, void)[:MOST]:
        fails = not one.ok and (one.code == void.code or {one.code, void.code} <= FAULTS)
        told += ((one, fails),) if fails or one.ok else ()
    if not told:
        return None
    scores = {Split.NOTHING: _chance([fails for _, fails in told])}
    for theory, span_of in _SPANS.items():
        scores[theory] = _score(told, span_of, void)
    best = max(scores.values())
    parts = {
        theory: _PRIORS[theory]
        * (_BY_SYSTEM if theory in _RULES and void.code in FAULTS else 1.0)
        * exp(score - best)
        for theory, score in scores.items()
    }
    total = sum(parts.values())
    refused = sum(fails for _, fails in told)
    run = [void.at, *(one.at for one, _ in takewhile(itemgetter(1), told))]  # the newest first
    return Splits(
        {theory: part / total for theory, part in parts.items()},
        refused,
        len(told) - refused,
        (void.at - min(run)).total_seconds(),
    )


def of_cards(voids: Sequence[Asked]) -> list[Asked]:
    """Give these with their place among those of their card, as far as these tell it."""
    passed: dict[int | str, list[datetime]] = {}
    found: list[Asked] = []
    for one in sorted(voids, key=lambda one: one.at):
        if one.card is None:
            found.append(one)
            continue
        before = [at for at in passed.get(one.card, ()) if one.at - at < _DAY]
        since_s = (one.at - before[-1]).total_seconds() if before else None
        found.append(one._replace(place=len(before) + 1, since_s=since_s))
        passed[one.card] = [*before, one.at] if one.ok else before
    return found


def _once(voids: Iterable[Asked], void: Asked) -> list[Asked]:
    """Give the newest first, of each original what it was refused for once; not its own."""
    known: dict[object, Asked] = {}
    for one in sorted(voids, key=lambda one: one.at, reverse=True):
        if one.original is None or one.original != void.original:
            known.setdefault((one.original or one, one.ok), one)
    return list(known.values())


def _chance(fails: Sequence[bool]) -> float:
    likely = [
        share * exp(sum(log(rate if one else 1 - rate) for one in fails))
        for rate, share in _BY_CHANCE
    ]
    return log(sum(likely))


def _score(
    told: Sequence[tuple[Asked, bool]],
    span_of: Callable[[Asked, Asked], _Span | None],
    void: Asked,
) -> float:
    """Give the log of how likely what they heard is, over each boundary behind which the void lies.

    Every one of them is as likely; between two of those values they say the same.
    """
    mine = span_of(void, void)
    within = sum(_likely(fails, _WITHIN) for _, fails in told)
    if mine is None:
        return within + log(_NEVER)
    first, last = mine
    gained, changes = 0.0, list[tuple[float, float]]()
    for one, fails in told:
        span = span_of(one, void)
        if span is None or max(span[0], first) >= min(span[1], last):
            continue
        gain = _likely(fails, _BEYOND) - _likely(fails, _WITHIN)
        if span[0] <= first:
            gained += gain
        else:
            changes.append((span[0], gain))
        if span[1] < last:
            changes.append((span[1], -gain))
    gains, before = [gained], first
    for value, gain in sorted(changes):
        gained += gain
        if value > before:
            gains.append(gained)
        else:
            gains[-1] = gained
        before = value
    most = max(gains)
    return within + most + log(sum(exp(gain - most) for gain in gains) / len(gains))


def _likely(fails: bool, rate: float) -> float:
    return log(rate if fails else 1 - rate)
