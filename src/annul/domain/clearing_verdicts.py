"""What a clearing row proves of a transaction, by how it stands here and what all rows tell.

Only what nobody here knows is ended by a row. What was ended by the issuer's own word, and is told
otherwise by its file, is a contradiction: people decide.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from .states import STANDING, State


class Verdict(StrEnum):
    """What comes of a row; the first three are decided by times as well."""

    PLAIN = "plain"  # it agrees, if its day does
    REVERSED = "reversed"  # its reversal may be told in the next file; else it is denied
    REVERSING = (
        "reversing"  # the issuer may just be taking its reversal; else it is done, or a break
    )
    MATCHED = "matched"
    DONE = "done"  # it proves that it was done
    NOT_DONE = "not_done"  # it proves that it was taken back
    DENIED = "denied"  # it denies what the issuer had answered
    STATE = "state"  # it stands here and not there, or the other way round


Told = tuple[bool, bool]  # as done, as taken back
_DONE: Final[Told] = (True, False)
_BOTH: Final[Told] = (True, True)
_BACK: Final[Told] = (False, True)


def _rows(
    states: frozenset[State], done: Verdict, both: Verdict, back: Verdict
) -> dict[tuple[State, Told], Verdict]:
    return {
        (state, told): verdict
        for state in states
        for told, verdict in ((_DONE, done), (_BOTH, both), (_BACK, back))
    }


_UNKNOWN: Final = frozenset({State.SENT, State.UNKNOWN, State.DISPUTED})
VERDICTS: Final[Mapping[tuple[State, Told], Verdict]] = {
    **_rows(STANDING, Verdict.PLAIN, Verdict.STATE, Verdict.STATE),
    **_rows(_UNKNOWN, Verdict.DONE, Verdict.NOT_DONE, Verdict.NOT_DONE),
    **_rows(frozenset({State.REVERSING}), Verdict.REVERSING, Verdict.NOT_DONE, Verdict.NOT_DONE),
    **_rows(frozenset({State.DECLINED}), Verdict.DENIED, Verdict.MATCHED, Verdict.MATCHED),
    **_rows(frozenset({State.REVERSED}), Verdict.REVERSED, Verdict.MATCHED, Verdict.MATCHED),
    **_rows(frozenset({State.RECEIVED}), Verdict.STATE, Verdict.MATCHED, Verdict.MATCHED),
}
