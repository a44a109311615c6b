"""What annul answers, as frozen dataclasses: orders, transactions, diagnoses.

Amounts are integers in minor units, times are in UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypedDict

Value = bool | int | float | str


class ByReference(TypedDict):
    """An original by its reference number (field 37)."""

    rrn: str


class BySlip(TypedDict):
    """An original by what else stands on its slip; `trace` is the voucher number."""

    terminal: str
    batch: str
    trace: str


class GivenFact(TypedDict):
    """A fact that is known from elsewhere, and from where."""

    value: Value
    source: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages."""

    zh: str
    en: str


# Voids and refunds -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Original:
    """What is given back; `undone` of it is given back already, or just being given back."""

    id: str
    rrn: str
    kind: str
    state: str
    trace: str
    amount: int
    undone: int


@dataclass(frozen=True, slots=True)
class Order:
    """What voids and refunds have in common: what was asked for, and what is certain of it."""

    id: str
    rrn: str
    merchant: str
    terminal: str
    kind: str
    amount: int
    currency: str
    card: str
    state: Literal["pending", "voided", "refunded", "refused", "unproved"]
    money: Text
    next_step: Text | None
    response_code: str
    original: Original | None
    received_at: datetime

    @property
    def ended(self) -> bool:
        """Whether this is how it stays: somebody goes on with what is pending or unproved."""
        return self.state not in {"pending", "unproved"}


@dataclass(frozen=True, slots=True)
class Void(Order):
    """How a void stands. `refunded`: it was refunded instead. It has ended by `due_at`."""

    case: str
    cause: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Refund(Order):
    """How a refund stands. While it is pending, it is sent until the issuer has answered."""

    case: str


# Transactions ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transaction:
    """A financial request; the card is masked."""

    id: str
    merchant: str
    terminal: str
    kind: str
    state: str
    sent: str
    batch: str
    trace: str
    business_date: date
    amount: int
    currency: str
    undone: int
    original_id: str | None
    card: str
    card_type: str
    issuer: str
    rrn: str
    auth_code: str
    response_code: str
    entry_mode: str
    fee: int
    why: str
    late_code: str
    received_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger: it moves a positive amount from one account to another."""

    transaction_id: str
    cause: str
    line: int
    debit: str
    credit: str
    amount: int
    currency: str
    business_date: date
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class Chain:
    """A transaction with the original it began with, all that refers to it, and the ledger."""

    transaction: Transaction
    original: Transaction
    attempts: tuple[Transaction, ...]
    entries: tuple[Entry, ...]
    case: str


# Conclusions by hand ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What somebody proposed about a transaction at its issuer, and what became of that."""

    id: str
    transaction_id: str
    done: bool
    state: Literal["proposed", "withdrawn", "confirmed", "concluded", "overtaken"]
    reason: str
    evidence_name: str
    evidence_sha256: str
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str
    confirmed_at: datetime | None
    withdrawn_at: datetime | None
    concluded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Conclusions:
    """A transaction, whether it can be concluded by hand now, what would follow, and what was."""

    transaction_id: str
    rrn: str
    state: str
    possible: bool
    if_done: Text
    if_not_done: Text
    conclusions: tuple[Conclusion, ...]


@dataclass(frozen=True, slots=True)
class InQuestion:
    """A movement whose outcome nobody has proved; `since` it was received."""

    transaction_id: str | None
    rrn: str
    merchant: str
    terminal: str
    kind: str
    amount: int
    currency: str
    card: str
    issuer: str
    state: str
    since: datetime
    case: str
    case_ended: str | None
    conclusion_id: str | None
    done: bool | None
    proposed_by: str
    proposed_at: datetime | None
    confirmed_by: str


# Diagnosis -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for (weight above zero) or against a cause."""

    signal: str
    weight: float
    text: Text
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next, by who does it."""

    cashier: Text
    support: Text
    system: Text


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause with its probability, its evidence, and what it means for the money."""

    cause: str
    title: Text
    probability: float
    evidence: tuple[Evidence, ...]
    money: Text
    next_step: NextStep
    retry_safe: bool


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A fact with where it came from."""

    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Every cause, the most probable first, and what is not known."""

    causes: tuple[Finding, ...]
    facts: dict[str, KnownFact]
    missing: tuple[str, ...]
    could_not_be_told: dict[str, tuple[str, ...]]
