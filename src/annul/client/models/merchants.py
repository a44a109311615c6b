"""Merchants and their terminals."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from .parts import MERCHANT, NEWER, Model, Said, Time

TakenBack = Literal["ask", "void", "stand"]
Cycle = Literal["working", "calendar", "weekly"]


class Balance(Model, frozen=True):
    """Money of a merchant at the acquirer, in minor units."""

    pending: int = Field(description="Not paid out yet.", examples=[1_000_000])
    available: int = Field(examples=[0])
    frozen: int = Field(examples=[0])


class MerchantSummary(Model, frozen=True):
    """A merchant in short."""

    id: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    name_zh: str = Field(examples=["示例茶馆"])
    name_en: str = Field(examples=["Example Tea House"])
    category: str = Field(description="MCC.", examples=["5812"])
    active: bool
    currency: str = Field(description="ISO 4217, numeric.", examples=["156"])
    terminals: int = Field(examples=[2])
    cases: int = Field(description="Open ones.", examples=[0])
    balance: Balance


class Merchant(Model, frozen=True):
    """A merchant with its contract. Amounts in minor units."""

    id: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    name_zh: str = Field(examples=["示例茶馆"])
    name_en: str = Field(examples=["Example Tea House"])
    category: str = Field(description="MCC.", examples=["5812"])
    active: bool
    currency: str = Field(description="ISO 4217, numeric.", examples=["156"])
    amount_limit: int = Field(examples=[500_000_000])
    refund_days: int = Field(description="How old a sale may be refunded.", examples=[30])
    retry_voids: bool = Field(description="Failed voids may be retried automatically.")
    refund_instead_limit: int = Field(
        description="Up to here a refund may automatically take a void's place.", examples=[100_000]
    )
    void_needs_balance: bool = Field(description="A void must be covered by the balance.")
    pending_covers: bool = Field(description="Money not paid out yet counts for that.")
    second_person_from: int = Field(
        description="From here on moving money by hand takes two persons.", examples=[100_000]
    )
    reversed_voids: Annotated[TakenBack, NEWER] = Field(
        description="What becomes of a void that its terminal took back (0400) while the outcome "
        "was open: `ask` the shop, `void` all the same, or let the sale `stand`.",
        examples=["ask"],
    )
    balance: Balance


class Shortcoming(Model, frozen=True):
    """Something that is wrong with a terminal's set-up."""

    said: Said
    todo: Said


class Terminal(Model, frozen=True):
    """A terminal as it is set up."""

    id: str = Field(validation_alias="terminal_id", examples=["10000001"])
    active: bool
    signed_in: bool
    batch: str = Field(examples=["000001"])
    amount_limit: int = Field(examples=[500_000_000])
    kinds: tuple[str, ...] | None = Field(
        description="Enabled kinds of transactions; null: all.", examples=[None]
    )
    serial: str = Field(description="Registered serial number; empty: any.", examples=[""])
    software: str = Field(examples=["EPOS01"])
    wanted_software: str = Field(examples=[""])
    wants: str = Field(description="What its next answer asks of it.", examples=["sign_in"])
    last_seen_at: Time | None
    findings: tuple[Shortcoming, ...] = Field(description="The worst first.")


class MerchantDay(Model, frozen=True):
    """What a closed business day of a merchant came to, in minor units."""

    business_date: date
    currency: str = Field(description="ISO 4217, numeric.", examples=["156"])
    taken: int = Field(description="Sales and completions.", examples=[120_000])
    given_back: int = Field(description="Voids, refunds and reversals.", examples=[20_000])
    fees: int = Field(description="Charged, less what was returned.", examples=[500])
    net: int = Field(description="`taken - given_back - fees`.", examples=[99_500])
    fee: int = Field(description="For making it available early.", examples=[0])
    due_on: date = Field(description="When it becomes available.")
    available_at: Time | None = Field(description="When it did.")


class MerchantCutOver(Model, frozen=True):
    """When business days end from one of them on; without any they end with the house's."""

    valid_from: date
    cut_over: str | None = Field(
        description="Hour and minute of that date, in the house's zone; null: the house's.",
        examples=["06:00"],
    )
    set_by: str = Field(examples=["li"])
    set_at: Time


class SettlementTerms(Model, frozen=True):
    """Terms from a business day on; without any it is the next working day (T+1)."""

    valid_from: date
    cycle: Annotated[Cycle, NEWER] = Field(
        description="`days` are counted as working days (T+n) or calendar days (D+n); `weekly`: on "
        "the next `weekday`, or the first working day after it.",
        examples=["working"],
    )
    days: int = Field(examples=[1])
    weekday: int | None = Field(description="1: Monday.", examples=[None])
    fee_ppm: int = Field(description="Of what a day comes to, in parts per million.", examples=[0])
    reserve_ppm: int | None = Field(
        None,
        description="Held back of it; null: what the shop's own history says on D+0, otherwise "
        "nothing.",
        examples=[None],
    )
    minimum: int = Field(0, description="That a payout comes to at least.", examples=[0])
    set_by: str = Field(examples=["li"])
    set_at: Time
