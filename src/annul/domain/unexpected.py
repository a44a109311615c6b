"""What arrives that nobody here expects, and what is done about it: one row each.

The third digit of a message type says what it is: a request or an advice asks for an answer, and
who sends one that annul lacks hears 30. An answer is never answered, or two hosts talk for ever.
Source: ISO 8583:1987 to 2003, message function.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FORMAT_ERROR: Final = "30"


class Act(StrEnum):
    """What is done about a message that nobody expects."""

    ANSWER = "answer"  # with a format error
    IGNORE = "ignore"
    CLOSE = "close"  # the connection: what comes is no message


@dataclass(frozen=True, slots=True)
class Unexpected:
    """One row; `reason` is what it is counted by, for each peer."""

    reason: str
    act: Act


UNREADABLE: Final = Unexpected("unreadable", Act.CLOSE)
GARBLED: Final = Unexpected("garbled", Act.ANSWER)
_TYPE_UNKNOWN: Final = Unexpected("type_unknown", Act.ANSWER)
_NOT_ASKED: Final = Unexpected("not_asked", Act.CLOSE)
_NOTIFIED: Final = Unexpected("notification", Act.IGNORE)

_BY_FUNCTION: Final[Mapping[str, Unexpected]] = {
    "0": _TYPE_UNKNOWN,
    "1": _NOT_ASKED,
    "2": _TYPE_UNKNOWN,
    "3": _NOT_ASKED,
    "4": _NOTIFIED,
    "5": _NOTIFIED,  # and what acknowledges it
    "6": _TYPE_UNKNOWN,  # an instruction
    "7": _NOT_ASKED,
}


def unexpected(mti: str) -> Unexpected:
    """Say what a message is whose type nobody here serves."""
    return _BY_FUNCTION.get(mti[2:3], UNREADABLE)
