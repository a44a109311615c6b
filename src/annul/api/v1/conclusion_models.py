"""Money in question and conclusions by hand, as programs read and write them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Base64Bytes, Field

from annul.domain.records import Transaction
from annul.resolve import conclusion as stored
from annul.resolve.conclusion_words import follows

from .models import MERCHANT, VOID, VOID_ID, Asked, Model, Said, Words

_PROPOSAL = "01981a2b-7c00-7000-8000-0000000000c1"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
Reason = Annotated[Words, Field(min_length=1, max_length=500)]


class NewConclusion(Asked):
    """What has become of a transaction at the issuer, why one is sure, and what shows it."""

    done: bool = Field(description="Whether it was done at the issuer.", examples=[False])
    reason: Reason = Field(examples=["The issuer's desk wrote that it is not in its books."])
    evidence: Base64Bytes = Field(
        description="A file of at most 5 MB, in base64. It is kept encrypted.",
        examples=["aXNzdWVyJ3MgbGV0dGVy"],
    )
    evidence_name: Annotated[Words, Field(min_length=1, max_length=200)] = Field(
        description="Name of the file.", examples=["letter.pdf"]
    )


class Because(Asked):
    """Why something is done."""

    reason: Reason = Field(description="Kept in the audit log.", examples=["seen the letter"])


class Conclusion(Model):
    """What somebody proposed about a transaction, and what became of it."""

    id: UUID = Field(examples=[_PROPOSAL])
    transaction_id: UUID = Field(examples=[VOID_ID])
    done: bool = Field(description="Whether it was done at the issuer.", examples=[False])
    state: Literal["proposed", "withdrawn", "confirmed", "concluded", "overtaken"] = Field(
        description="`proposed`: a second person has to confirm it. `confirmed`: a host is about "
        "to carry it out. `overtaken`: the issuer was heard first, so it was not carried out.",
        examples=["proposed"],
    )
    reason: str = Field(examples=["The issuer's desk wrote that it is not in its books."])
    evidence_name: str = Field(examples=["letter.pdf"])
    evidence_sha256: str = Field(description="Of the file as it was given.", examples=[_SHA256])
    proposed_by: str = Field(examples=["olga"])
    proposed_at: datetime
    confirmed_by: str = Field(examples=[""])
    confirmed_at: datetime | None
    withdrawn_at: datetime | None
    concluded_at: datetime | None = Field(description="When it was carried out or overtaken.")


class Conclusions(Model):
    """A transaction that may be concluded by hand, and what was concluded of it."""

    transaction_id: UUID = Field(examples=[VOID_ID])
    rrn: str = Field(examples=[VOID])
    state: str = Field(description="Of the transaction.", examples=["unknown"])
    possible: bool = Field(description="Whether it can be concluded by hand now.")
    if_done: Said = Field(description="What follows when it is concluded as done.")
    if_not_done: Said
    conclusions: list[Conclusion] = Field(description="The latest first.")


class InQuestion(Model):
    """A movement whose outcome nobody has proved. Amounts in minor units."""

    transaction_id: UUID | None = Field(
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
    since: datetime = Field(description="When it was received.")
    case: str = Field(
        validation_alias="case_number", description="Number of its case, or empty.", examples=[VOID]
    )
    case_ended: str | None = Field(
        description="`unproved`: its case has ended without a proof; null: there is none.",
        examples=["unproved"],
    )
    conclusion_id: UUID | None = Field(
        description="What is proposed, or confirmed and about to be carried out.", examples=[None]
    )
    done: bool | None = Field(description="What is proposed.", examples=[None])
    proposed_by: str = Field(examples=[""])
    proposed_at: datetime | None
    confirmed_by: str = Field(examples=[""])


def one(found: stored.Conclusion) -> Conclusion:
    """Give a conclusion as programs read it."""
    shown: dict[str, Any] = {
        **found._asdict(),
        "state": found.state,
        "evidence_sha256": found.evidence_hash.hex(),
        "concluded_at": found.carried_at,
    }
    return Conclusion.model_validate(shown)


def whole(
    transaction: Transaction, found: list[stored.Conclusion], *, possible: bool
) -> Conclusions:
    """Give a transaction with its conclusions, and what would follow."""
    kind, state = transaction.kind, transaction.state
    return Conclusions(
        transaction_id=transaction.id,
        rrn=transaction.rrn,
        state=str(state),
        possible=possible,
        if_done=Said.model_validate(follows(kind, state, done=True)),
        if_not_done=Said.model_validate(follows(kind, state, done=False)),
        conclusions=[one(each) for each in found],
    )
