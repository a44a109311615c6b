"""Chargebacks: what an issuer claims back, how far it is, and what answers it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from .parts import MERCHANT, NEWER, ORIGINAL, Id, Model, Time

Stage = Literal[
    "noted",
    "retrieval",
    "after_retrieval",
    "first_chargeback",
    "represented",
    "second_chargeback",
    "arbitration",
    "won",
    "lost",
    "accepted",
    "expired",
    "withdrawn",
]
Act = Literal[
    "request",
    "charge_back",
    "answer",
    "represent",
    "accept",
    "charge_back_again",
    "arbitrate",
    "withdraw",
    "win",
    "lose",
]
Reason = Literal["not_recognised", "not_received", "duplicate", "cancelled", "amount", "fraud"]
Kind = Literal["slip", "delivery", "terms", "letter", "other"]
_NUMBER = Field(description="The network's reference.", examples=["CB20261123001"])
_WHO = Field(examples=["li"])


class Chargeback(Model, frozen=True):
    """A claim of an issuer on a transaction."""

    id: Id
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    number: str = _NUMBER
    transaction: Id = Field(validation_alias="transaction_id")
    reference: str = Field(
        validation_alias="rrn", description="Of the transaction.", examples=[ORIGINAL]
    )
    issuer: str = Field(validation_alias="issuer_id", examples=["00000101"])
    stage: Annotated[Stage, NEWER] = Field(examples=["first_chargeback"])
    reason: Annotated[Reason, NEWER] = Field(examples=["cancelled"])
    amount: int = Field(description="Claimed, in minor units.", examples=[10_000])
    currency: str = Field(description="ISO 4217, numeric.", examples=["156"])
    held: int = Field(
        description="What of it stood and was taken from the merchant: less than `amount` where a "
        "part had gone back before.",
        examples=[10_000],
    )
    fee: int = Field(description="Taken beside it.", examples=[0])
    money: Annotated[Literal["none", "held", "returned", "paid"], NEWER] = Field(
        description="Where what is held has gone.", examples=["held"]
    )
    owner: str = _WHO
    file: Id | None = Field(
        validation_alias="file_id", description="The clearing file that told of it."
    )
    line: int | None = Field(description="Of that file.")
    received_at: Time
    opened_at: Time
    opened_by: str = _WHO
    due_at: Time | None = Field(description="Until when whoever is next has to act.")
    asked: str = Field(description="The act that waits for a second person.", examples=[""])
    asked_by: str = Field(examples=[""])
    asked_at: Time | None
    ended_at: Time | None


class ChargebackEvidence(Model, frozen=True):
    """A document of a chargeback."""

    id: Id
    kind: str = Field(
        description="`wire`, `given_back` and `case` are annul's own.", examples=["letter"]
    )
    name: str = Field(examples=["letter.pdf"])
    media_type: str = Field(description="By its content.", examples=["application/pdf"])
    size: int = Field(description="Bytes.", examples=[52_000])
    sha256: str = Field(validation_alias="digest", examples=["9f86d081884c7d65"])
    added_by: str = _WHO
    added_at: Time


class WholeChargeback(Chargeback, frozen=True):
    """A chargeback with all that is known of it."""

    follows: list[str] = Field(
        description="Acts that may come next; empty for merchants.", examples=[["represent"]]
    )
    suggested: str = Field(
        description="What answers it by what is known; people decide.", examples=["represent"]
    )
    answers: list[str] = Field(
        description="Kinds of evidence that answer its reason.", examples=[["given_back"]]
    )
    evidence: list[ChargebackEvidence]
    history: list[dict[str, Any]] = Field(
        description="Each event with the hash over the one before and itself."
    )
    broken_at: int | None = Field(
        description="The first event that was changed; none: the chain is whole."
    )


class ChargebackSum(Model, frozen=True):
    """Live chargebacks at a stage."""

    stage: Annotated[Stage, NEWER] = Field(examples=["first_chargeback"])
    currency: str = Field(examples=["156"])
    count: int = Field(examples=[2])
    amount: int = Field(examples=[20_000])
    held: int = Field(description="With fees.", examples=[20_000])
    overdue: int = Field(examples=[0])
    asked: int = Field(description="Wait for a second person.", examples=[0])


class ProposedChargeback(Model, frozen=True):
    """A row of a clearing file that tells of a chargeback, and waits for people."""

    id: Id
    file: Id = Field(validation_alias="file_id")
    file_name: str = Field(examples=["disputes.csv"])
    line: int = Field(description="Of that file.", examples=[2])
    merchant: str = Field(
        validation_alias="merchant_id",
        description="Empty: nobody knows the sale.",
        examples=[MERCHANT],
    )
    transaction: Id | None = Field(validation_alias="transaction_id")
    reference: str = Field(validation_alias="rrn", examples=[ORIGINAL])
    act: Annotated[Act, NEWER] = Field(description="What it tells of.", examples=["charge_back"])
    amount: int = Field(description="In minor units.", examples=[10_000])
    currency: str = Field(examples=["156"])
    follows: Literal["opens", "moves", "nothing"] = Field(
        description="What taking it up does to the chargeback of the sale.", examples=["opens"]
    )
    chargeback: Id | None = Field(validation_alias="live_id", description="The live one.")
    found_at: Time
