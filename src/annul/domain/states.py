"""The life of a transaction: states, how far its message went, and every allowed move.

Every statement that writes a state says from where it may come, by `sources` or by `moves`: any
other move does not happen. A test reads all statements and holds them against these tables.
"""

from collections.abc import Collection, Mapping
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
    # Issuer and annul say different things of its money: only the issuer's own correction, or two
    # people with evidence, end it.
    DISPUTED = "disputed"


class Sent(StrEnum):
    """How far the message to the issuer went; stored before the first byte leaves."""

    NOT_SENT = "not_sent"
    POSSIBLY_SENT = "possibly_sent"
    ANSWERED = "answered"


MOVES: dict[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.SENT, State.APPROVED, State.DECLINED}),
    State.SENT: frozenset(
        {State.APPROVED, State.DECLINED, State.UNKNOWN, State.REVERSING, State.DISPUTED}
    ),
    State.UNKNOWN: frozenset({State.REVERSING, State.APPROVED, State.DECLINED, State.DISPUTED}),
    # The terminal was told that it is reversed, so no answer that comes meanwhile changes that.
    State.REVERSING: frozenset({State.REVERSED, State.DISPUTED}),
    State.DISPUTED: frozenset({State.REVERSED}),
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
    # What can not be reversed, and was approved after all, is a dispute.
    State.DECLINED: frozenset({State.REVERSING, State.DISPUTED}),
}
# What two people may conclude with evidence: it was done at the issuer, or it was not.
BY_HAND: dict[State, frozenset[State]] = {
    State.SENT: frozenset({State.APPROVED, State.DECLINED}),
    State.UNKNOWN: frozenset({State.APPROVED, State.DECLINED}),
    State.REVERSING: frozenset({State.APPROVED, State.REVERSED}),
    State.DISPUTED: frozenset({State.APPROVED, State.REVERSED, State.DECLINED}),
}
# What a row of the issuer's clearing file proves, by itself or with two people: it was done, it was
# not, or the issuer says something else than it had answered.
BY_PROOF: dict[State, frozenset[State]] = {
    State.SENT: frozenset({State.APPROVED, State.DECLINED}),
    State.UNKNOWN: frozenset({State.APPROVED, State.DECLINED}),
    State.REVERSING: frozenset({State.APPROVED, State.REVERSED}),
    State.DISPUTED: frozenset({State.APPROVED, State.REVERSED, State.DECLINED}),
    State.APPROVED: frozenset({State.REVERSED}),
    State.DECLINED: frozenset({State.DISPUTED}),
    State.REVERSED: frozenset({State.DISPUTED}),
}
# And back, once that file is discarded; whoever was told of the first knows nothing of this.
BY_DISCARD: dict[State, frozenset[State]] = {
    State.APPROVED: frozenset({State.SENT, State.UNKNOWN, State.REVERSING, State.DISPUTED}),
    State.DECLINED: frozenset({State.SENT, State.UNKNOWN, State.DISPUTED}),
    State.REVERSED: frozenset({State.REVERSING, State.DISPUTED, State.APPROVED}),
    State.DISPUTED: frozenset({State.DECLINED, State.REVERSED}),
}

# What opens again that had ended, when the issuer says too late that it has booked it.
LATE: dict[State, frozenset[State]] = {
    State.DECLINED: frozenset({State.REVERSING, State.DISPUTED}),
    State.REVERSED: frozenset({State.REVERSING, State.DISPUTED}),
}

# Nobody knows yet, or not all agree, whether its money has moved.
UNFINISHED = frozenset({State.RECEIVED, State.SENT, State.UNKNOWN, State.REVERSING, State.DISPUTED})
# Nothing of it was booked, as far as is known.
ENDED = frozenset({State.DECLINED, State.REVERSED})
# Whose own money stands: taken, or given back.
STANDING = frozenset(
    {State.APPROVED, State.VOIDED, State.PARTLY_REFUNDED, State.REFUNDED, State.COMPLETED}
)


def sources(target: State, moves: Mapping[State, frozenset[State]] = MOVES) -> tuple[State, ...]:
    """Give the states from which a transaction may move to `target`, in declared order."""
    return tuple(source for source, targets in moves.items() if target in targets)


def leads_to(state: State) -> frozenset[State]:
    """Give all states in which what was in `state` once may be found, that one included."""
    reached, new = {state}, {state}
    while new:
        new = {
            target
            for source in new
            for table in (MOVES, BY_HAND, BY_PROOF, LATE)
            for target in table.get(source, ())
        } - reached
        reached |= new
    return frozenset(reached)


def moves(among: Collection[State]) -> tuple[tuple[State, State], ...]:
    """Give the moves from one of some states to another of them, in declared order."""
    return tuple(
        (source, target)
        for source, targets in MOVES.items()
        for target in State
        if source in among and target in targets and target in among
    )
