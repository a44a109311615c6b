"""The life of a transaction: states, how far its message went, and every allowed move.

The store guards each update with `sources(target)`, so the database refuses any move that is not
in `MOVES`.
"""

from enum import StrEnum


class State(StrEnum):
    """What annul knows about the outcome of a transaction."""

    RECEIVED = "received"
    SENT = "sent"
    APPROVED = "approved"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    REVERSING = "reversing"
    REVERSED = "reversed"
    VOIDED = "voided"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    COMPLETED = "completed"


class Sent(StrEnum):
    """How far the message to the issuer went; stored before the first byte leaves."""

    NOT_SENT = "not_sent"
    POSSIBLY_SENT = "possibly_sent"
    ANSWERED = "answered"


MOVES: dict[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.SENT, State.APPROVED, State.DECLINED}),
    State.SENT: frozenset({State.APPROVED, State.DECLINED, State.UNKNOWN, State.REVERSING}),
    State.UNKNOWN: frozenset({State.REVERSING, State.APPROVED, State.DECLINED}),
    # The terminal was told that it is reversed, so no answer that comes meanwhile changes that.
    State.REVERSING: frozenset({State.REVERSED}),
    State.APPROVED: frozenset(
        {
            State.REVERSING,
            State.VOIDED,
            State.PARTLY_REFUNDED,
            State.REFUNDED,
            State.COMPLETED,
        }
    ),
    State.PARTLY_REFUNDED: frozenset({State.REFUNDED, State.APPROVED}),
    # Back to approved: the void, refund or completion that had taken it was itself reversed.
    State.VOIDED: frozenset({State.APPROVED}),
    State.REFUNDED: frozenset({State.APPROVED, State.PARTLY_REFUNDED}),
    State.COMPLETED: frozenset({State.APPROVED}),
    # A late approval after the reversal was acknowledged is reversed once more, never kept.
    State.REVERSED: frozenset({State.REVERSING}),
    State.DECLINED: frozenset({State.REVERSING}),
}

UNFINISHED = frozenset({State.RECEIVED, State.SENT, State.UNKNOWN, State.REVERSING})


def sources(target: State) -> tuple[State, ...]:
    """Give the states from which a transaction may move to `target`, in declared order."""
    return tuple(source for source, targets in MOVES.items() if target in targets)
