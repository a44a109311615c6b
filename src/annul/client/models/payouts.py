"""What merchants are paid, where to, and what else changes what they have available."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from .merchants import MerchantDay
from .parts import MERCHANT, NEWER, Id, Model, Time

PayoutState = Literal["held", "ready", "filed", "paid", "rejected", "returned", "cancelled"]
MoveKind = Literal[
    "freeze",
    "release",
    "reserve",
    "reserve_release",
    "payout_return",
    "correction",
    "chargeback",
    "clearing",
    "chargeback_hold",
    "chargeback_return",
]
_CURRENCY = Field(description="ISO 4217, numeric.", examples=["156"])


class Payout(Model, frozen=True):
    """Money on its way to a merchant's own account."""

    id: Id = Field(description="Without hyphens it is the bank's end-to-end reference.")
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    currency: str = _CURRENCY
    amount: int = Field(description="In minor units.", examples=[99_500])
    run_on: date
    state: Annotated[PayoutState, NEWER] = Field(
        description="`held`: waits for a second person; `ready`: goes into the next file; `filed`: "
        "at the bank. What is `rejected`, `returned` or `cancelled` is available again.",
        examples=["paid"],
    )
    holder: str = Field(examples=["示例茶馆"])
    bank: str = Field(examples=["104100000004"])
    account: str = Field(validation_alias="shown", description="Its last four.", examples=["0017"])
    made_by: str = Field(description="Empty: by its terms.", examples=[""])
    made_at: Time
    decided_by: str = Field(description="The second person.", examples=[""])
    decided_at: Time | None
    bank_code: str = Field(description="Why it did not arrive.", examples=[""])
    bank_text: str = Field(examples=[""])
    paid_at: Time | None
    returned_at: Time | None


class Move(Model, frozen=True):
    """What changed what a merchant has available, apart from its business days."""

    id: Id
    currency: str = _CURRENCY
    kind: Annotated[MoveKind, NEWER] = Field(examples=["freeze"])
    amount: int = Field(description="By its sign, in minor units.", examples=[-10_000])
    about: Id | None = Field(description="The payout that came back, or a transaction.")
    reason: str = Field(examples=["dispute"])
    asked_by: str = Field(description="Empty: by a rule.", examples=["li"])
    asked_at: Time
    decided_by: str = Field(description="The second person.", examples=[""])
    decided_at: Time | None


class AskedMove(Move, frozen=True):
    """One that waits for a second person, was carried out, or was rejected."""

    state: Annotated[Literal["asked", "done", "rejected"], NEWER] = Field(examples=["done"])
    payout: Id | None = Field(validation_alias="payout_id", description="In which it was paid.")


class WholePayout(Payout, frozen=True):
    """A payout with all that is in it: the sum of days and moves is its amount."""

    days: tuple[MerchantDay, ...]
    moves: tuple[Move, ...]


class PayoutRun(Model, frozen=True):
    """What a run has done."""

    made: int = Field(examples=[12])
    held: int = Field(description="Of these, wait for a second person.", examples=[1])
    files: int = Field(description="New ones for the bank.", examples=[1])


class DayOfPayouts(Model, frozen=True):
    """Sums of a day in one currency, in minor units, and what is held back now."""

    currency: str = _CURRENCY
    came: int = Field(description="Became available on that day.", examples=[99_500])
    came_of: int = Field(description="In so many days of merchants.", examples=[1])
    payouts: int = Field(description="Made on that day.", examples=[1])
    out: int = Field(description="What these come to.", examples=[99_500])
    waits: int = Field(examples=[0])
    ready: int = Field(examples=[0])
    at_bank: int = Field(examples=[99_500])
    paid: int = Field(examples=[0])
    failed: int = Field(description="Rejected or returned.", examples=[0])
    pending: int = Field(examples=[0])
    available: int = Field(examples=[0])
    without_account: int = Field(description="Available to nobody's account.", examples=[0])
    in_payout: int = Field(examples=[99_500])
    frozen: int = Field(examples=[0])
    rolling_reserve: int = Field(examples=[0])
    owed: int = Field(description="What merchants owe: zero or less.", examples=[0])


class PayoutFile(Model, frozen=True):
    """A file for the bank."""

    id: Id
    name: str = Field(examples=["annul-20260928-156-0a1b2c3d4e5f.xml"])
    format: str = Field(examples=["pain.001"])
    currency: str = _CURRENCY
    payouts: int = Field(examples=[1])
    total: int = Field(examples=[99_500])
    made_at: Time
    released_at: Time | None
    released_by: str = Field(description="Machine and folder, or a person.", examples=["li"])
    delivered_at: Time | None


class BankFile(Model, frozen=True):
    """A file of the bank that was read, and what its lines came to."""

    id: Id
    name: str = Field(examples=["statement.xml"])
    format: str = Field(examples=["camt.053"])
    rows: int = Field(examples=[1])
    read_by: str = Field(examples=["inbox"])
    read_at: Time
    applied_at: Time | None
    waits: bool = Field(
        description="What it says of money that came back waits for a second person.",
        examples=[False],
    )
    confirmed_by: str = Field(description="The second person.", examples=[""])
    outcomes: dict[str, int] = Field(
        description="`done`, `repeated`; `foreign`: none of annul's; `elsewhere`: another cell's; "
        "`unknown`, `differs`, `contradicts`, `twice`: an incident tells of it.",
        examples=[{"done": 1}],
    )


class ReadBankFile(Model, frozen=True):
    """What reading a file came to."""

    id: Id
    lines: int = Field(examples=[1])
    outcomes: dict[str, int] = Field(examples=[{"done": 1}])


class Account(Model, frozen=True):
    """Where a merchant is paid to."""

    id: Id
    currency: str = _CURRENCY
    holder: str = Field(examples=["示例茶馆"])
    bank: str = Field(examples=["104100000004"])
    account: str = Field(validation_alias="shown", description="Its last four.", examples=["0017"])
    state: Annotated[Literal["asked", "used", "stopped"], NEWER] = Field(examples=["used"])
    why: str = Field(description="It is stopped.", examples=[""])
    reason: str = Field(examples=["contract"])
    asked_by: str = Field(examples=["li"])
    asked_at: Time
    decided_by: str = Field(examples=["wang"])
    decided_at: Time | None
