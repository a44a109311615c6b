"""Who else asked the issuer around a moment, what they heard, and whom a trouble touches. Pure.

A witness is an answer to somebody else, or the silence instead of one. The nearest in time tell
most, however little traffic there is, so each share is of the nearest ones, never of a window.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from math import exp, log
from typing import Final, NamedTuple

from annul.domain.response_codes import BOOKED, FAULTS
from annul.issuers.health import RANGE

# So many before and after a moment, within so long.
_BEFORE: Final = 4
_AFTER: Final = 8
NEAR: Final = timedelta(seconds=300)
_RUN: Final = 3  # so many alike in a row are a state of the issuer
_ITSELF: Final = timedelta(milliseconds=50)


class Witness(NamedTuple):
    """One answer of an issuer ("": silence); `role` as in `annul.issuers.health.Asked`."""

    at: datetime
    code: str
    role: str = "plain"
    prefix: str = ""
    merchant: str = ""
    terminal: str = ""
    card: str = ""
    software: str = ""  # of the terminal

    @property
    def silent(self) -> bool:
        """Say whether there was no answer."""
        return not self.code


@dataclass(frozen=True, slots=True)
class Seen:
    """A void as its witnesses are compared with it: when, by whom, and what it heard."""

    at: datetime
    code: str = ""
    prefix: str = ""
    merchant: str = ""
    terminal: str = ""
    role: str = "void"
    card: str = ""
    software: str = ""

    def fails(self, other: Witness) -> bool:
        """Say whether another one fared as it did: no answer, a system's decline, the same code."""
        return other.code in FAULTS or other.silent or (other.code == self.code not in BOOKED)


def nearest(
    witnesses: Iterable[Witness], at: datetime, before: int = _BEFORE, after: int = _AFTER
) -> list[Witness]:
    """Give those just before and after a moment."""
    within = sorted(one for one in witnesses if abs(one.at - at) <= NEAR)
    earlier = [one for one in within if one.at < at]
    later = [one for one in within if one.at >= at]
    return [*earlier[-before:], *later[:after]]


def others(witnesses: Sequence[Witness], void: Seen) -> tuple[Seen, list[Witness]]:
    """Tell the void from the others; gives it with its range of cards as it was asked.

    The void is, of its own terminal, the one that heard the same just then; the journal keeps six
    digits of its range. What one terminal undoes on one card over and over is one witness, on
    either side of the void; and its own tries are told by the series that they are in.
    """
    itself = [
        one
        for one in witnesses
        if (one.role, one.terminal, one.code) == (void.role, void.terminal, void.code)
        and one.merchant == void.merchant
        and abs(one.at - void.at) <= _ITSELF
    ]
    closest = min(itself, key=lambda one: abs(one.at - void.at), default=None)
    if closest is not None:
        void = replace(void, prefix=closest.prefix or void.prefix, card=closest.card)
    told: dict[object, Witness] = {}
    for one in sorted(witnesses, key=lambda one: abs(one.at - void.at)):
        undoes = one.role not in {"plain", "echo"}
        who = (one.role, one.merchant, one.terminal, one.prefix, one.card)
        mine = who == (void.role, void.merchant, void.terminal, void.prefix, void.card)
        if one is closest or (mine and one.card):
            continue
        told.setdefault((*who, one.at < void.at) if undoes and one.card else one, one)
    return void, list(told.values())


def of_shop(one: Witness, void: Seen) -> bool:
    """Say whether a witness is of the same merchant."""
    return one.merchant == void.merchant != ""


def of_terminal(one: Witness, void: Seen) -> bool:
    """Say whether a witness is of the same terminal."""
    return of_shop(one, void) and one.terminal == void.terminal


def turns(witnesses: Iterable[Witness], at: datetime) -> int:
    """Count how often an issuer went down or came back just before: runs of at least three alike.

    Failing is silence or a system's decline, whatever the void itself has heard.
    """
    within = sorted(one for one in witnesses if at - NEAR <= one.at <= at)
    runs = [
        fails
        for fails, run in groupby(one.silent or one.code in FAULTS for one in within)
        if len(list(run)) >= _RUN
    ]
    return sum(1 for before, after in pairwise(runs) if before is not after)


# Whom it touches -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of an issuer's traffic, and how likely it is the one in trouble beforehand.

    Several may have one name. `digits` are those of its range of cards.
    """

    name: str
    belongs: Callable[[Seen, Witness], bool]
    prior: float
    digits: int = 0


def _of_range(name: str, digits: int, prior: float, *, undoing: bool = False) -> _Part:
    def belongs(void: Seen, one: Witness) -> bool:
        alike = one.prefix[:digits] == void.prefix[:digits] != ""
        return alike and (not undoing or one.role == void.role)

    return _Part(name, belongs, prior, digits)


_PARTS: Final = (
    _Part("issuer", lambda *_: True, 0.16),
    _Part("voids", lambda void, one: one.role == void.role, 0.10),
    *(_of_range("range", digits, 0.03) for digits in (6, 7, RANGE)),
    *(_of_range("voids", digits, 0.02, undoing=True) for digits in (6, 7, RANGE)),
    _Part("shop", lambda void, one: of_shop(one, void), 0.06),
    _Part("terminal", lambda void, one: of_terminal(one, void), 0.02),
    _Part("software", lambda void, one: one.software == void.software != "", 0.02),
    _Part("card", lambda void, one: one.card == void.card != "", 0.06),
)
# That some voids of one of these fail says nothing of it while its sales pass.
_BY_SALES: Final = ("shop", "terminal", "software", "card")
_NOBODY: Final = 0.5
_PARTLY: Final = 0.12
# How likely a request fails in a part that is in trouble, in one half ill, and in one that is well.
_ILL: Final = 0.92
_HALF: Final = 0.55
_WELL: Final = 0.04
_ALONE: Final = 0.9  # a void has reasons of its own to fail
_OTHER_TIME: Final = 0.2  # how likely an issuer was ill shortly before or after
_SIDE: Final = 20  # nearest ones that are compared on either side, within a part and without


@dataclass(frozen=True, slots=True)
class Hurt:
    """The smallest part of an issuer's traffic that explains who fails: how sure, on how many.

    `part` names some of `_PARTS`, "partly" when only a share of everything fails, or is empty: this
    void stands alone. `failed` of `requests` in that part did, of those nearest in time.
    """

    part: str
    sure: float
    failed: int
    requests: int
    digits: int = 0  # of the range of cards, if it is one of them, or voids of one


def where(witnesses: Sequence[Witness], void: Seen) -> Hurt | None:
    """Compare parts of the traffic by how well each explains who fails; None without a witness.

    A part is well, falls ill at some time before the void and is well again at some time after it;
    both times are unknown and every one is as likely. The rest stays well. So a larger part than
    need be explains its successes badly, and a smaller one the failures out of it.
    """
    known: dict[Witness, bool] = {}
    # An echo or a reversal that was answered says nothing of requests.
    told = [one for one in witnesses if one.silent or one.role not in {"echo", "reversal"}]
    for part in _PARTS:
        for inside in (True, False):
            alike = [one for one in told if part.belongs(void, one) is inside]
            known |= {one: void.fails(one) for one in nearest(alike, void.at, _SIDE, _SIDE)}
    if not known:
        return None
    told = sorted(known)
    before, after = _sides(told, known, void)
    alone = log(_NOBODY) + log(_ALONE) + _apart(before) + _apart(after)
    half = log(_PARTLY) + log(_HALF) + _spell(before, _HALF) + _spell(after, _HALF)
    # Of each: its name, the log of its likelihood, its digits, and who is in it.
    found = [("", alone, 0, told), ("partly", half, 0, told)]
    for part in _PARTS:
        inside = [one for one in told if part.belongs(void, one)]
        if part.name in _BY_SALES and not any(known[one] for one in inside if one.role == "plain"):
            continue
        before, after = _sides(inside, known, void)
        score = log(part.prior) + log(_ILL) + _spell(before, _ILL) + _spell(after, _ILL)
        found.append((part.name, score, part.digits, inside))
    best = max(score for _, score, _, _ in found)
    shares = defaultdict[str, float](float)
    for name, score, _, _ in found:
        shares[name] += exp(score - best)
    named = max(shares, key=lambda name: shares[name])
    _, _, digits, inside = max((one for one in found if one[0] == named), key=lambda one: one[1])
    fails = [known[one] for one in inside][-_SIDE:]
    return Hurt(named, shares[named] / sum(shares.values()), sum(fails), len(fails), digits)


def _sides(
    part: Sequence[Witness], known: Mapping[Witness, bool], void: Seen
) -> tuple[list[bool], list[bool]]:
    """Say who failed before the void and after it, the nearest first."""
    before = [known[one] for one in reversed(part) if one.at < void.at]
    return before, [known[one] for one in part if one.at >= void.at]


def _spell(fails: Sequence[bool], rate: float) -> float:
    """Give how much likelier these are, nearest first, if so many of the first are of an ill time.

    The log of the mean over every number of them, against none.
    """
    gains = [0.0]
    for one in fails:
        gains.append(gains[-1] + _likely(one, rate) - _likely(one, _WELL))
    most = max(gains)
    return most + log(sum(exp(gain - most) for gain in gains) / len(gains))


def _apart(fails: Sequence[bool]) -> float:
    """Give how much likelier these are, nearest first, if some may be of another ill time.

    The log of the mean over none and over every such time; one that begins with the first would
    reach the void.
    """
    ending = total = 0.0
    for one in fails[1:]:
        ending = (ending + 1) * exp(_likely(one, _ILL) - _likely(one, _WELL))
        total += ending
    times = max((len(fails) - 1) * len(fails) / 2, 1)
    return log(1 - _OTHER_TIME + _OTHER_TIME * total / times)


def _likely(fails: bool, rate: float) -> float:
    return log(rate if fails else 1 - rate)
