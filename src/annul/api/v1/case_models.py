"""A case as programs read it: in short in lists and events, and whole."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from annul.resolve.case import Case
from annul.resolve.people import Action

from .findings import Finding
from .models import MERCHANT, ORIGINAL, VOID, VOID_ID, Entry, Model, Said


class CaseSummary(Model):
    """A case in short. Amounts in minor units."""

    number: str = Field(description="Stands on the slip.", examples=[VOID])
    id: UUID = Field(examples=[VOID_ID])
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    terminal: str = Field(validation_alias="terminal_id", examples=["10000001"])
    kind: str = Field(examples=["void"])
    amount: int = Field(examples=[10_000])
    currency: str = Field(examples=["156"])
    card: str = Field(validation_alias="card_masked", examples=["620001******0007"])
    issuer: str = Field(validation_alias="issuer_id", examples=["00000101"])
    voucher: str | None = Field(None, description="Of the original.", examples=["000001"])
    original_rrn: str | None = Field(None, examples=[ORIGINAL])
    ended: Literal["", "voided", "refunded", "refused", "unproved"] = Field(
        description="Empty while it is open. `unproved`: nobody could prove its money by its last "
        "time; once that is known it is taken up again and ends as one of the others.",
        examples=[""],
    )
    opened_at: datetime
    due_at: datetime = Field(description="By the cause that it goes by now.")
    first_due_at: datetime = Field(
        description="By its first cause; it never moves, and late is judged by it."
    )
    ended_at: datetime | None
    next_action_at: datetime = Field(description="When annul looks at it next.")
    step: str = Field(description="What is done or waited for.", examples=["wait_health"])
    tries: int = Field(examples=[1])
    cause: str = Field(description="The most probable cause.", examples=["issuer_down"])
    probability: float = Field(examples=[0.91])
    confirmed: str = Field(description="The cause that is certain, or empty.", examples=[""])
    task: str = Field(description="What a person is asked, or empty.", examples=[""])
    proposed: str = Field(description="What waits for a second person.", examples=[""])
    proposed_by: str = Field(examples=[""])


class Change(Model):
    """A case that has changed; `events` counts up with each change."""

    number: str = Field(examples=[VOID])
    id: UUID = Field(examples=[VOID_ID])
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    step: str = Field(examples=["retry"])
    cause: str = Field(examples=["issuer_down"])
    task: str = Field(examples=[""])
    ended: str = Field(examples=["voided"])
    events: int = Field(examples=[5])
    changed_at: datetime


class Event(Model):
    """One line of a case's history. `hash` covers it and all before."""

    at: datetime
    who: str = Field(examples=["annul"])
    what: str = Field(examples=["retry"])
    why: Said
    evidence: dict[str, Any]
    hash: str


class Attempt(Model):
    """A transaction of a case."""

    id: UUID = Field(examples=[VOID_ID])
    kind: str = Field(examples=["void"])
    state: str = Field(examples=["declined"])
    sent: str = Field(examples=["answered"])
    rrn: str = Field(examples=[VOID])
    trace: str = Field(examples=["000002"])
    batch: str = Field(examples=["000001"])
    amount: int = Field(examples=[10_000])
    currency: str = Field(examples=["156"])
    response_code: str = Field(examples=["96"])
    why: str = Field(examples=[""])
    late_code: str = Field(examples=[""])
    card: str = Field(validation_alias="card_masked", examples=["620001******0007"])
    issuer: str = Field(validation_alias="issuer_id", examples=["00000101"])
    received_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None


class Message(Model):
    """A message of a transaction, masked."""

    transaction_id: UUID = Field(examples=[VOID_ID])
    direction: str = Field(examples=["issuer_in"])
    at: datetime
    mti: str = Field(examples=["0210"])
    fields: dict[str, str] = Field(examples=[{"39": "96"}])


class Told(Model):
    """What somebody was told."""

    whom: str = Field(examples=["terminal 10000001"])
    said: str
    created_at: datetime
    delivered_at: datetime | None


class Allowed(Model):
    """Something that the caller may do with the case as it is now."""

    action: str = Field(validation_alias="name", examples=["retry"])
    said: Said
    money: bool = Field(description="Whether it may move money.")


class WholeCase(Model):
    """Everything about a case."""

    case: CaseSummary
    causes: list[Finding] = Field(description="As last diagnosed, the most probable first.")
    timeline: list[Event]
    chain_broken_at: int | None = Field(
        description="The first line of the history that was changed; null: it is whole."
    )
    transactions: list[Attempt]
    messages: list[Message]
    ledger: list[Entry]
    told: list[Told]
    allowed: list[Allowed]


def whole(case: Case, gathered: dict[str, Any], allowed: list[Action]) -> WholeCase:
    """Put it together from what `annul.resolve.proof` gathers."""
    return WholeCase.model_validate(
        {
            **{
                name: gathered[name]
                for name in ("timeline", "transactions", "messages", "ledger", "told")
            },
            "case": CaseSummary.model_validate(case),
            "causes": (gathered["diagnosis"] or {}).get("causes", []),
            "chain_broken_at": gathered["chain"]["broken_at"],
            "allowed": allowed,
        }
    )
