"""Transactions, and the ledger."""

from pydantic import Field

from .parts import MERCHANT, VOID, VOID_ID, Day, Id, Model, Time


class Transaction(Model, frozen=True):
    """A financial request. Amounts in minor units; the card is masked."""

    id: Id = Field(examples=[VOID_ID])
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    terminal: str = Field(validation_alias="terminal_id", examples=["10000001"])
    kind: str = Field(examples=["void"])
    state: str = Field(examples=["approved"])
    sent: str = Field(description="How far it went to the issuer.", examples=["answered"])
    origin: str = Field(
        description="Who asked for it: terminal, program, resolver (annul itself) or person.",
        examples=["program"],
    )
    asked_by: str = Field(
        description="Who has ordered it at the desk: a user, or `key` and how it begins.",
        examples=[""],
    )
    approved_by: str = Field(description="The second person, where it took one.", examples=[""])
    batch: str = Field(examples=["B00001"])
    trace: str = Field(description="Voucher number.", examples=["912345"])
    business_date: Day
    amount: int = Field(examples=[10_000])
    currency: str = Field(description="ISO 4217, numeric.", examples=["156"])
    undone: int = Field(description="Given back, or being given back, of it.", examples=[0])
    original_id: Id | None = Field(examples=[None])
    card: str = Field(validation_alias="card_masked", examples=["620001******0007"])
    card_type: str = Field(examples=["debit"])
    issuer: str = Field(validation_alias="issuer_id", examples=["00000101"])
    rrn: str = Field(description="Reference number, field 37.", examples=[VOID])
    auth_code: str = Field(examples=["123456"])
    response_code: str = Field(examples=["00"])
    entry_mode: str = Field(examples=["012"])
    fee: int = Field(examples=[0])
    why: str = Field(description="Rule or silence that ended it here.", examples=[""])
    late_code: str = Field(description="What the issuer said too late.", examples=[""])
    received_at: Time
    answered_at: Time | None
    ended_at: Time | None


class Entry(Model, frozen=True):
    """A row of the ledger: it moves a positive amount from one account to another."""

    transaction_id: Id = Field(examples=[VOID_ID])
    cause: str = Field(examples=["approval"])
    line: int = Field(examples=[0])
    debit: str = Field(examples=["merchant_pending"])
    credit: str = Field(examples=["issuer_receivable"])
    amount: int = Field(examples=[10_000])
    currency: str = Field(examples=["156"])
    business_date: Day
    posted_at: Time


class Chain(Model, frozen=True):
    """A transaction with what it belongs to."""

    transaction: Transaction
    original: Transaction = Field(description="What the chain began with; maybe the same.")
    attempts: tuple[Transaction, ...] = Field(description="All that refers to it, oldest first.")
    entries: tuple[Entry, ...] = Field(description="Ledger rows of all of them.")
    case: str = Field(
        validation_alias="case_number", description="Number of their case, or empty.", examples=[""]
    )
