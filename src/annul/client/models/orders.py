"""How voids and refunds stand."""

from typing import Annotated, Literal

from pydantic import Field

from .parts import MERCHANT, NEWER, ORIGINAL, VOID, VOID_ID, Id, Model, Said, Time


class Original(Model, frozen=True):
    """What is given back."""

    id: Id
    rrn: str = Field(examples=[ORIGINAL])
    kind: str = Field(examples=["sale"])
    state: str = Field(examples=["voided"])
    trace: str = Field(description="Voucher number.", examples=["000001"])
    amount: int = Field(examples=[10_000])
    undone: int = Field(description="Given back, or being given back, of it.", examples=[10_000])


class Order(Model, frozen=True):
    """What voids and refunds have in common: what was asked for, and what is certain of it."""

    id: Id = Field(examples=[VOID_ID])
    rrn: str = Field(description="Reference number, field 37.", examples=[VOID])
    merchant: str = Field(examples=[MERCHANT])
    terminal: str = Field(examples=["10000001"])
    kind: str = Field(examples=["void"])
    amount: int = Field(description="In minor units.", examples=[10_000])
    currency: str = Field(description="ISO 4217, numeric.", examples=["156"])
    card: str = Field(examples=["620001******0007"])
    money: Said = Field(description="What is certain about the money.")
    next_step: Said | None = Field(description="What to do; null when nothing is.")
    response_code: str = Field(examples=["00"])
    original: Original | None = Field(description="Null when there is none.")
    received_at: Time
    state: str

    @property
    def ended(self) -> bool:
        """Whether this is how it stays: nobody has to go on with it."""
        return self.state not in {"proposed", "pending", "unproved"}


class Void(Order, frozen=True):
    """How a void stands."""

    state: Annotated[
        Literal["proposed", "pending", "voided", "refunded", "refused", "unproved"], NEWER
    ] = Field(
        description="`proposed`: nothing is sent before a second person approves it. `pending`: "
        "annul goes on by itself. `refunded`: it was refunded instead. `unproved`: the issuer has "
        "not said what became of the money; people clear it up.",
        examples=["voided"],
    )
    case: str = Field(description="Number of its case, or empty.", examples=[""])
    cause: str = Field(description="Why it was not approved, or empty.", examples=[""])
    due_at: Time | None = Field(description="When it has ended at the latest.")


class Refund(Order, frozen=True):
    """How a refund stands."""

    state: Annotated[Literal["proposed", "pending", "refunded", "refused", "unproved"], NEWER] = (
        Field(
            description="`proposed`: nothing is sent before a second person approves it. "
            "`pending`: it is sent until the issuer has answered. `unproved`: the issuer has not "
            "said what became of the money; people clear it up.",
            examples=["refunded"],
        )
    )
    case: str = Field(description="Number of its case, or empty.", examples=[""])


class AskedOrder(Model, frozen=True):
    """What was ordered and takes a second person, and how it stands."""

    id: Id = Field(examples=[VOID_ID])
    merchant_id: str = Field(examples=[MERCHANT])
    act: str = Field(
        description="`void`, `refund`, or `raise_limit`: from which on it takes two.",
        examples=["refund"],
    )
    amount: int = Field(
        description="In minor units; of `raise_limit` the new limit.", examples=[250_000]
    )
    original_id: Id | None = Field(description="What is given back.")
    reason: str = Field(examples=["goods returned"])
    state: Annotated[
        Literal["asked", "approved", "carried_out", "refused", "rejected", "expired"], NEWER
    ] = Field(description="`approved`: carried out within seconds.", examples=["asked"])
    asked_by: str = Field(description="A user, or `key` and how it begins.", examples=["olga"])
    asked_at: Time
    decided_by: str = Field(description="The second person, or empty.", examples=[""])
