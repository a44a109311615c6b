"""What an issuer's answer proves about the money of a request: only its own plain word counts.

An answer that does not repeat what was asked, or approves less, contradicts the request: nobody
knows what was booked for it.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from .response_codes import Effect, effect_of

# What names a request, or an authorisation of it; an issuer that declines may well say that it took
# nothing of field 4.
_NAMES: Final = frozenset({37, 38, 41, 42})
# What an issuer repeats of a request, and what must be the same: amount, reference, terminal,
# merchant and currency. Trace and time have matched already, or it would be no answer to it.
ECHOED: Final = (4, 37, 41, 42, 49)
_AMOUNT: Final = 4


class Verdict(StrEnum):
    """What may be done on the strength of an answer."""

    APPROVED = "approved"  # booked as asked
    DECLINED = "declined"  # not booked
    OPEN = "open"  # the network's word, or none that says anything of the money
    CONTRADICTS = "contradicts"  # booked perhaps, but not what was asked


# By which an issuer may refuse a request because it has booked it before: they deny a repeat of it,
# not the first one.
REPEAT_DENIED: Final = frozenset({"12", "13", "22", "25", "61", "64", "65"})

_OF: Final = {
    Effect.DONE: Verdict.APPROVED,
    # In part, of which field 4 says how much: the full amount is an approval like any other.
    Effect.PART: Verdict.CONTRADICTS,
    Effect.NOT_DONE: Verdict.DECLINED,
    Effect.UNKNOWN: Verdict.OPEN,
}


def judge(code: str, differing: Collection[int], *, in_full: bool = False) -> Verdict:
    """Judge an answer by its code and the fields of `ECHOED` that differ from the request's.

    `in_full` says that field 4 came and is the amount that was asked for.
    """
    effect = effect_of(code)
    if effect is Effect.NOT_DONE:
        differing = _NAMES.intersection(differing)
    if effect is Effect.PART and in_full:
        effect = Effect.DONE
    return Verdict.CONTRADICTS if differing else _OF[effect]


def reason_of(code: str, differing: Collection[int]) -> str:
    """Give the interbank reason by which a contradicted request is reversed."""
    if effect_of(code) is Effect.PART:
        return "4004"
    return "4005" if _AMOUNT in differing else "4020"
