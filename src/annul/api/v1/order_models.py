"""Orders of voids and refunds, and how they stand."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from .models import (
    MERCHANT,
    ORIGINAL,
    VOID,
    VOID_ID,
    Asked,
    Batch,
    MerchantId,
    Minor,
    Model,
    Rrn,
    Said,
    TerminalId,
    Trace,
)


class ByReference(Asked):
    """An original by its reference number (field 37)."""

    rrn: Rrn = Field(examples=[ORIGINAL])


class BySlip(Asked):
    """An original by what else stands on its slip."""

    terminal: TerminalId = Field(examples=["10000001"])
    batch: Batch = Field(examples=["000001"])
    trace: Trace = Field(description="Voucher number.", examples=["000001"])


class NewVoid(Asked):
    """What to void."""

    merchant: MerchantId = Field(examples=[MERCHANT])
    original: ByReference | BySlip
    amount: Minor | None = Field(
        None,
        description="In minor units; if given it must be that of the original.",
        examples=[10_000],
    )


class NewRefund(Asked):
    """What to refund."""

    merchant: MerchantId = Field(examples=[MERCHANT])
    original: ByReference | BySlip
    amount: Minor | None = Field(
        None,
        description="In minor units; all that is left of the original if not given.",
        examples=[2_500],
    )


class Original(Model):
    """What is given back."""

    id: UUID
    rrn: str = Field(examples=[ORIGINAL])
    kind: str = Field(examples=["sale"])
    state: str = Field(examples=["voided"])
    trace: str = Field(description="Voucher number.", examples=["000001"])
    amount: int = Field(examples=[10_000])
    undone: int = Field(description="Given back, or being given back, of it.", examples=[10_000])


class _Order(Model):
    id: UUID = Field(examples=[VOID_ID])
    rrn: str = Field(description="Reference number, field 37.", examples=[VOID])
    merchant: str = Field(examples=[MERCHANT])
    terminal: str = Field(examples=["10000001"])
    kind: str = Field(examples=["void"])
    amount: int = Field(description="In minor units.", examples=[10_000])
    currency: str = Field(description="ISO 4217, numeric.", examples=["156"])
    card: str = Field(examples=["620001******0007"])
    money: Said = Field(description="What is certain about the money.")
    next_step: Said | None = Field(description="What to do, when it is refused.")
    response_code: str = Field(examples=["00"])
    original: Original | None = Field(description="Null when there is none.")
    received_at: datetime


class Void(_Order):
    """How a void stands."""

    state: Literal["pending", "voided", "refunded", "refused", "unproved"] = Field(
        description="`pending`: annul goes on by itself. `refunded`: it was refunded instead. "
        "`unproved`: the issuer has not said what became of the money; people clear it up.",
        examples=["voided"],
    )
    case: str = Field(description="Number of its case, or empty.", examples=[""])
    cause: str = Field(description="Why it was not approved, or empty.", examples=[""])
    due_at: datetime | None = Field(description="When it has ended at the latest.")


class Refund(_Order):
    """How a refund stands."""

    state: Literal["pending", "refunded", "refused", "unproved"] = Field(
        description="`pending`: it is sent until the issuer has answered. `unproved`: the issuer "
        "has not said what became of the money; people clear it up.",
        examples=["refunded"],
    )
    case: str = Field(description="Number of its case, or empty.", examples=[""])
