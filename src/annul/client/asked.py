"""What is asked of annul, where it takes more than a name."""

from typing import Literal, TypedDict

from .models.fees import CardType
from .models.merchants import Cycle, TakenBack

Value = bool | int | float | str
CaseState = Literal["open", "asked", "late", "voided", "refunded", "refused", "unproved", "all"]
StatementForm = Literal["pdf", "xlsx", "csv"]
ReportForm = Literal["pdf", "xlsx"]
Language = Literal["zh", "en"]
Action = Literal[
    "take", "hand-back", "look", "note", "confirm-cause", "retry", "refund", "withdraw", "reject",
    "recall", "close",
]  # fmt: skip


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


class NewTerms(TypedDict, total=False):
    """Terms of settlement; what is left out is as for T+1."""

    cycle: Cycle
    days: int
    weekday: int | None
    fee_ppm: int
    reserve_ppm: int | None
    minimum: int


class OtherPrice(TypedDict):
    """A price that sales are compared with; `cap` in minor units, None: none."""

    card_type: CardType
    rate_ppm: int
    cap: int | None


class Settings(TypedDict, total=False):
    """What annul may do unasked for a merchant; what is left out stays as it is."""

    retry_voids: bool
    refund_instead_limit: int
    void_needs_balance: bool
    pending_covers: bool
    second_person_from: int
    reversed_voids: TakenBack
