"""Money in question, and what people conclude of it."""

from typing import Annotated, Final, Literal

from pydantic import Field

from .parts import MERCHANT, NEWER, VOID, VOID_ID, Id, Model, Said, Time

_PROPOSAL: Final = "01981a2b-7c00-7000-8000-0000000000c1"
_SHA256: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Conclusion(Model, frozen=True):
    """What somebody proposed about a transaction, and what became of it."""

    id: Id = Field(examples=[_PROPOSAL])
    transaction_id: Id = Field(examples=[VOID_ID])
    done: bool = Field(description="Whether it was done at the issuer.", examples=[False])
    state: Annotated[
        Literal["proposed", "withdrawn", "confirmed", "concluded", "overtaken"], NEWER
    ] = Field(
        description="`proposed`: a second person has to confirm it. `confirmed`: a host is about "
        "to carry it out. `overtaken`: the issuer was heard first, so it was not carried out.",
        examples=["proposed"],
    )
    reason: str = Field(examples=["The issuer's desk wrote that it is not in its books."])
    evidence_name: str = Field(examples=["letter.pdf"])
    evidence_sha256: str = Field(description="Of the file as it was given.", examples=[_SHA256])
    proposed_by: str = Field(examples=["olga"])
    proposed_at: Time
    confirmed_by: str = Field(examples=[""])
    confirmed_at: Time | None
    withdrawn_at: Time | None
    concluded_at: Time | None = Field(description="When it was carried out or overtaken.")


class Conclusions(Model, frozen=True):
    """A transaction that may be concluded by hand, and what was concluded of it."""

    transaction_id: Id = Field(examples=[VOID_ID])
    rrn: str = Field(examples=[VOID])
    state: str = Field(description="Of the transaction.", examples=["unknown"])
    possible: bool = Field(description="Whether it can be concluded by hand now.")
    if_done: Said = Field(description="What follows when it is concluded as done.")
    if_not_done: Said
    conclusions: tuple[Conclusion, ...] = Field(description="The latest first.")


class InQuestion(Model, frozen=True):
    """A movement whose outcome nobody has proved. Amounts in minor units."""

    transaction_id: Id | None = Field(
        description="Null when it was refused before it became a transaction.", examples=[VOID_ID]
    )
    rrn: str = Field(examples=[VOID])
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    terminal: str = Field(validation_alias="terminal_id", examples=["10000001"])
    kind: str = Field(examples=["void"])
    amount: int = Field(examples=[10_000])
    currency: str = Field(examples=["156"])
    card: str = Field(validation_alias="card_masked", examples=["620001******0007"])
    issuer: str = Field(validation_alias="issuer_id", examples=["00000101"])
    state: str = Field(description="Of the transaction.", examples=["unknown"])
    since: Time = Field(description="When it was received.")
    case: str = Field(
        validation_alias="case_number", description="Number of its case, or empty.", examples=[VOID]
    )
    case_ended: str | None = Field(
        description="`unproved`: its case has ended without a proof; null: there is none.",
        examples=["unproved"],
    )
    conclusion_id: Id | None = Field(
        description="What is proposed, or confirmed and about to be carried out.", examples=[None]
    )
    done: bool | None = Field(description="What is proposed.", examples=[None])
    proposed_by: str = Field(examples=[""])
    proposed_at: Time | None
    confirmed_by: str = Field(examples=[""])
