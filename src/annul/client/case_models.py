"""What annul answers about cases."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from .models import Entry, Finding, Text

Ended = Literal["", "voided", "refunded", "refused", "unproved"]


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A case in short; `ended` is empty while it is open.

    `unproved`: nobody could prove its money; it is taken up again once that is known. Late is
    judged by `first_due_at`, which never moves.
    """

    number: str
    id: str
    merchant: str
    terminal: str
    kind: str
    amount: int
    currency: str
    card: str
    issuer: str
    voucher: str | None
    original_rrn: str | None
    ended: Ended
    opened_at: datetime
    due_at: datetime
    first_due_at: datetime
    ended_at: datetime | None
    next_action_at: datetime
    step: str
    tries: int
    cause: str
    probability: float
    confirmed: str
    task: str
    proposed: str
    proposed_by: str


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One line of a case's history; `hash` covers it and all before."""

    at: datetime
    who: str
    what: str
    why: Text
    evidence: dict[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A transaction of a case."""

    id: str
    kind: str
    state: str
    sent: str
    rrn: str
    trace: str
    batch: str
    amount: int
    currency: str
    response_code: str
    why: str
    late_code: str
    card: str
    issuer: str
    received_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a transaction, masked."""

    transaction_id: str
    direction: str
    at: datetime
    mti: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody was told."""

    whom: str
    said: str
    created_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class PossibleAct:
    """Something that the caller may do with the case as it is now."""

    action: str
    said: Text
    money: bool


@dataclass(frozen=True, slots=True)
class Case:
    """Everything about a case."""

    case: CaseSummary
    causes: tuple[Finding, ...]
    timeline: tuple[CaseEvent, ...]
    chain_broken_at: int | None
    transactions: tuple[Attempt, ...]
    messages: tuple[Message, ...]
    ledger: tuple[Entry, ...]
    told: tuple[Told, ...]
    allowed: tuple[PossibleAct, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an act; `proposed` when a second person has to do the same."""

    done: str
    case: CaseSummary


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A case that has changed. Who comes back with `event_id` is told what came since."""

    number: str
    id: str
    merchant: str
    step: str
    cause: str
    task: str
    ended: str
    events: int
    changed_at: datetime
    event_id: str = ""
