"""Texts that deny each other or the database: what is said of the money against where it is.

A checker of its own: it knows which phrases claim what, and reads the original and its attempts.
"""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from annul.diagnose.causes import CAUSES
from annul.resolve.customer import tell_customer

BACK, STANDS, NEVER, OPEN = "given back", "stands", "never taken", "open"

# What a phrase claims of the money, the first that matches in a sentence.
_PHRASES: Final = tuple(
    (re.compile(phrase), claim)
    for phrase, claim in (
        (r"until (it|that) is settled|[Uu]ntil then the sale counts", OPEN),
        (r"outcome is (unknown|open)|no outcome yet|not confirmed yet|not known yet", OPEN),
        (r"结果待银行确认|结果未定|尚未确定|还没有确认", OPEN),
        (r"could not be (cancelled|made)|nothing (was|has been) (paid|given) back", STANDS),
        (r"sale stands|here it stands|未退|仍有效|原消费有效", STANDS),
        (r"No money was taken|not been charged|nothing was taken", NEVER),
        (r"(voided|refunded|given back before|done it), reference", BACK),
        (r"money went back|goes back the way|payment is (cancelled|refunded)", BACK),
        (r"^refunded to the card|已撤销$|已改为退货|退货成功|原路退回", BACK),
    )
)
# What naming a cause claims by itself.
_CAUSES: Final[Mapping[str, str]] = {
    "original_declined": NEVER,
    "already_undone": BACK,
}
# What may be said where the money is so. What was reversed was never taken for good.
_MAY: Final[Mapping[str, frozenset[str]]] = {
    BACK: frozenset({BACK}),
    "reversed": frozenset({BACK, NEVER}),
    STANDS: frozenset({STANDS}),
    NEVER: frozenset({NEVER}),
    OPEN: frozenset({OPEN}),
    "none": frozenset({NEVER, STANDS}),
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


def money(original: Mapping[str, Any] | None, attempts: Iterable[Mapping[str, Any]]) -> str:
    """Say where the money is, by the rows alone."""
    if original is None:
        return "none"
    if original["state"] in _UNFINISHED or any(one["state"] in _UNFINISHED for one in attempts):
        return OPEN
    return _STATES[original["state"]]


def claims(text: str) -> set[str]:
    """Give what a text claims of the money, sentence by sentence."""
    found = set[str]()
    for sentence in re.split(r"(?<=[.;。；])\s*", text):
        claim = next((claim for phrase, claim in _PHRASES if phrase.search(sentence)), None)
        if claim is not None:
            found.add(claim)
    return found


def contradictions(
    case: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    notices: Sequence[str],
    where: str,
) -> list[str]:
    """Give what is said of a case now that denies where its money is, or another text of its.

    `events` are bodies of the history, the oldest first; `where` is as `money` gives it.
    """
    cause = case["confirmed"] or case["cause"]
    told = tell_customer(CAUSES.get(cause), case["kind"], case["ended"], case["step"])
    said = [("customer", told.en), *(("notice", one) for one in notices)]
    if events:
        said.append((f"event {events[-1]['what']}", events[-1]["why"]["en"]))
    found = [
        f"{who} says {claim}, it is {where}: {text[:90]}"
        for who, text in said
        for claim in claims(text) - _MAY[where]
        if case["ended"] or claim != STANDS  # until it ends it stands, and both texts say so
    ]
    if case["ended"] and _CAUSES.get(cause, where) not in _MAY[where] | {where}:
        found.append(f"cause {cause}, but it is {where}")
    return found + _apart(events)


def _apart(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give what was written in one moment and denies each other."""
    found = list[str]()
    for one, other in itertools.pairwise(events):
        if one["at"] != other["at"]:
            continue
        both = claims(one["why"]["en"]) | claims(other["why"]["en"])
        if BACK in both and both & {STANDS, NEVER}:
            found.append(f"{one['what']} and {other['what']} say {' and '.join(sorted(both))}")
    return found
