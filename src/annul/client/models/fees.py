"""What merchants are charged, what it costs the acquirer, and what is left to it."""

from typing import Annotated, Literal

from pydantic import Field

from .parts import NEWER, Day, Model

CardType = Literal["debit", "credit", "qr"]


class Rate(Model, frozen=True):
    """A share of an amount from a business day on."""

    valid_from: Day
    rate_ppm: int = Field(description="In parts per million.", examples=[5_000])
    cap: int | None = Field(description="The most it may be, in minor units.", examples=[2_000])
    own: bool = Field(description="Agreed on with this merchant alone.", examples=[False])


class Costs(Model, frozen=True):
    """What the schemes have of a sale."""

    issuer: Rate
    network: Rate


class SampleSale(Model, frozen=True):
    """What a sale of an amount costs today, in minor units."""

    amount: int = Field(examples=[10_000])
    fee: int = Field(description="What the merchant pays.", examples=[50])
    cost: int | None = Field(description="Of issuer and network; null: not yours.", examples=[38])
    margin: int | None = Field(description="`fee - cost`.", examples=[12])


class FeeLine(Rate, frozen=True):
    """What sales with a kind of card are charged today, and what comes."""

    card_type: Annotated[CardType, NEWER] = Field(examples=["debit"])
    following: tuple[Rate, ...] = Field(description="Prices that are to come, the next one first.")
    costs: Costs | None = Field(description="Null for who is bound to a merchant.")
    sample: SampleSale | None = Field(description="Of the amount that was asked for.")


class DayMargin(Model, frozen=True):
    """What is left of a business day by the ledger, in minor units."""

    business_date: Day
    currency: str = Field(description="ISO 4217, numeric.", examples=["156"])
    fees: int = Field(description="Of sales, less those given back.", examples=[500])
    early: int = Field(description="For making the day available early.", examples=[0])
    corrected: int = Field(description="Fees set right by people on this day.", examples=[0])
    cost: int = Field(description="Of issuers and network.", examples=[380])
    margin: int = Field(description="`fees + early + corrected - cost`.", examples=[120])


class FeeDifference(Model, frozen=True):
    """What sales were charged, and what they ought to have been, in minor units."""

    currency: str = Field(description="ISO 4217, numeric.", examples=["156"])
    sales: int = Field(examples=[120])
    charged: int = Field(description="Less what went back with voids and refunds.", examples=[600])
    ought: int = Field(description="By the price that was given.", examples=[480])
    difference: int = Field(
        description="`charged - ought`: above zero the merchant gets it back.", examples=[120]
    )
