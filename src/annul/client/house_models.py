"""What annul answers about merchants, issuers, its promise and webhooks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict

from .models import Text

# Merchants and issuers -------------------------------------------------------------------------


class Allowed(TypedDict, total=False):
    """What annul may do unasked for a merchant."""

    retry_voids: bool
    refund_instead_limit: int
    void_needs_balance: bool
    pending_covers: bool
    second_person_from: int
    reversed_voids: Literal["ask", "void", "stand"]


@dataclass(frozen=True, slots=True)
class Balance:
    """Money of a merchant at the acquirer."""

    pending: int
    available: int
    frozen: int


@dataclass(frozen=True, slots=True)
class MerchantSummary:
    """A merchant in short."""

    id: str
    name_zh: str
    name_en: str
    category: str
    active: bool
    currency: str
    terminals: int
    cases: int
    balance: Balance


@dataclass(frozen=True, slots=True)
class Merchant:
    """A merchant with its contract."""

    id: str
    name_zh: str
    name_en: str
    category: str
    active: bool
    currency: str
    amount_limit: int
    refund_days: int
    retry_voids: bool
    refund_instead_limit: int
    void_needs_balance: bool
    pending_covers: bool
    second_person_from: int
    reversed_voids: Literal["ask", "void", "stand"]
    balance: Balance


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """Something that is wrong with a terminal's set-up."""

    said: Text
    todo: Text


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal as it is set up; `kinds` None: every kind of transaction is enabled."""

    id: str
    active: bool
    signed_in: bool
    batch: str
    amount_limit: int
    kinds: tuple[str, ...] | None
    serial: str
    software: str
    wanted_software: str
    wants: str
    last_seen_at: datetime | None
    findings: tuple[Shortcoming, ...]


@dataclass(frozen=True, slots=True)
class IssuerSummary:
    """An issuer, its line as the hosts see it, and its last five minutes."""

    id: str
    name_zh: str
    name_en: str
    bank: str
    active: bool
    timeout_ms: int
    up: bool | None
    trouble: str | None
    health: str | None
    seen_at: datetime | None
    requests: int
    approvals: int
    silent: int
    faults: int
    voids: int
    void_approvals: int


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule of an issuer; what `number` counts depends on its kind."""

    id: str
    kind: str
    number: int
    valid_from: datetime
    valid_until: datetime | None
    note: str
    standing: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an issuer means by a code, where that is not what the standard says."""

    response_code: str
    cause: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call, and what for."""

    duty: str
    name: str
    phone: str
    mail: str
    hours: str


@dataclass(frozen=True, slots=True)
class Issuer(IssuerSummary):
    """An issuer with its rules, the meanings of its codes, and whom to call."""

    policies: tuple[Policy, ...]
    meanings: tuple[Meaning, ...]
    contacts: tuple[Contact, ...]


# The promise -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CausePace:
    """How long cases of a cause took to their end, in seconds."""

    cause: str
    cases: int
    p50_s: float
    p99_s: float
    max_s: float


@dataclass(frozen=True, slots=True)
class Promise:
    """Cases opened within the hours asked for; open and unproved ones always count."""

    cases: int
    open: int
    voided: int
    refunded: int
    refused: int
    unproved: int
    in_time: int
    late: int
    late_by_cause: int
    asked: int
    in_question: int
    oldest_opened_at: datetime | None
    by_cause: tuple[CausePace, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """That a process of annul works; `host`: it speaks with terminals and issuers.

    It is degraded while one of its background `loops` does not come round: it serves all the same.
    """

    status: str
    host: bool
    loops: tuple[str, ...] = ()


# Webhooks --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook; it stays in the list when it is switched off."""

    id: str
    merchant: str
    url: str
    active: bool
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class MadeWebhook(Webhook):
    """A webhook that was just made, with its secret, which is shown only here."""

    secret: str

    def __repr__(self) -> str:
        return f"MadeWebhook(id={self.id!r}, merchant={self.merchant!r}, url={self.url!r})"


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One attempt to deliver something; `delivery` is the same at each, and what replay takes."""

    delivery: str
    attempt: int
    at: datetime
    event: str
    case: str
    status: int | None
    error: str
    took_ms: int
    state: str
