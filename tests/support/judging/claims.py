"""Texts that deny each other or the database: what is said of the money against where it is.

A checker of its own: it knows which phrases claim what, and where the money is it reads from the
original and its attempts alone.
"""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

# `GOES_ON` is what may be said of whatever has not ended.
BACK, STANDS, NEVER, OPEN, GOES_ON = "given back", "stands", "never taken", "open", "goes on"

# What a phrase claims of the money; of a sentence the first one counts.
_PHRASES: Final = tuple(
    (re.compile(phrase), claim)
    for phrase, claim in (
        (r"being dealt with|in progress|Not decided yet|正在办理|还在办理", GOES_ON),
        (r"[Uu]ntil then the sale counts|outcome is (unknown|open)|no outcome yet", OPEN),
        (r"not confirmed yet|nobody knows yet|could prove what became", OPEN),
        (r"结果待银行确认|结果未定|尚未确定|还没有确认", OPEN),
        (r"could not be cancelled|[Nn]othing (was|has been) (paid|given) back", STANDS),
        (r"sale (of \S+ )?stands|here it stands|original stays|未退|仍有效|原消费有效", STANDS),
        (r"No money was taken|not been charged|nothing was taken", NEVER),
        (r"(voided|refunded|given back before|done it), reference", BACK),
        (r"money went back|money goes back|goes back (the way|to the card)", BACK),
        (r"customer gets .* back|payment is (cancelled|refunded)", BACK),
        (r"^refunded to the card|已撤销$|已改为退货|退货成功|原路退回", BACK),
    )
)
# What naming a cause claims by itself, once a case has ended by it.
_CAUSES: Final[Mapping[str, str]] = {"original_declined": NEVER, "already_undone": BACK}
# What may be said where the money is so. What was reversed was never taken for good; without an
# original nothing that is said of the money is wrong but that it went back.
_MAY: Final[Mapping[str, frozenset[str]]] = {
    BACK: frozenset({BACK}),
    "reversed": frozenset({BACK, NEVER}),
    STANDS: frozenset({STANDS}),
    NEVER: frozenset({NEVER}),
    OPEN: frozenset({OPEN}),
    "no original": frozenset({NEVER, STANDS}),
}
_UNFINISHED: Final = frozenset({"received", "sent", "unknown", "reversing", "disputed"})
_STATES: Final[Mapping[str, str]] = {
    "voided": BACK,
    "refunded": BACK,
    "partly_refunded": BACK,
    "completed": BACK,
    "reversed": "reversed",
    "approved": STANDS,
    "declined": NEVER,
}


def money(original: str | None, attempts: Iterable[str]) -> str:
    """Say where the money is, by the states of the original and of its attempts."""
    if original is None:
        return "no original"
    if original in _UNFINISHED or not _UNFINISHED.isdisjoint(attempts):
        return OPEN
    return _STATES[original]


def claims(text: str) -> set[str]:
    """Give what a text claims of the money, sentence by sentence."""
    found = set[str]()
    for sentence in re.split(r"(?<=[.;。；])\s*", text):
        claim = next((claim for phrase, claim in _PHRASES if phrase.search(sentence)), None)
        if claim is not None:
            found.add(claim)
    return found


def denied(said: Iterable[tuple[str, str]], where: str, cause: str, *, ended: bool) -> list[str]:
    """Give what is said at one moment that denies where the money is then.

    `said` are texts, each with who says it; `where` is as `money` gives it.
    """
    may = _MAY[where] | (set() if ended else {GOES_ON})
    found = [
        f"{who} says {claim}, it is {where}: {text[:80]}"
        for who, text in said
        for claim in sorted(claims(text) - may)
    ]
    if ended and _CAUSES.get(cause, where) not in may | {where}:
        found.append(f"it ended by {cause}, but it is {where}")
    return found


def apart(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give which events of a history were written in one moment and deny each other."""
    found = list[str]()
    for one, other in itertools.pairwise(events):
        both = claims(one["why"]["en"]) | claims(other["why"]["en"])
        if one["at"] == other["at"] and BACK in both and both & {STANDS, NEVER}:
            found.append(f"{one['what']} and {other['what']} say {' and '.join(sorted(both))}")
    return found
