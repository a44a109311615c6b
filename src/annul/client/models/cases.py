"""A case: in short in lists and events, and whole."""

from typing import Annotated, Any, Literal

from pydantic import Field

from .diagnosis import Finding
from .parts import MERCHANT, NEWER, ORIGINAL, VOID, VOID_ID, Id, Model, Said, Time
from .transactions import Entry


class CaseSummary(Model, frozen=True):
    """A case in short. Amounts in minor units."""

    number: str = Field(description="Stands on the slip.", examples=[VOID])
    id: Id = Field(examples=[VOID_ID])
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    terminal: str = Field(validation_alias="terminal_id", examples=["10000001"])
    kind: str = Field(examples=["void"])
    amount: int = Field(examples=[10_000])
    currency: str = Field(examples=["156"])
    card: str = Field(validation_alias="card_masked", examples=["620001******0007"])
    issuer: str = Field(validation_alias="issuer_id", examples=["00000101"])
    voucher: str | None = Field(None, description="Of the original.", examples=["000001"])
    original_rrn: str | None = Field(None, examples=[ORIGINAL])
    ended: Annotated[Literal["", "voided", "refunded", "refused", "unproved"], NEWER] = Field(
        description="Empty while it is open. `unproved`: nobody could prove its money by its last "
        "time; once that is known it is taken up again and ends as one of the others.",
        examples=[""],
    )
    opened_at: Time
    due_at: Time = Field(description="By the cause that it goes by now.")
    first_due_at: Time = Field(
        description="By its first cause; it never moves, and late is judged by it."
    )
    ended_at: Time | None
    next_action_at: Time = Field(description="When annul looks at it next.")
    step: str = Field(description="What is done or waited for.", examples=["wait_health"])
    tries: int = Field(examples=[1])
    cause: str = Field(description="The most probable cause.", examples=["issuer_down"])
    probability: float = Field(examples=[0.91])
    confirmed: str = Field(description="The cause that is certain, or empty.", examples=[""])
    task: str = Field(description="The manual action that is needed, or empty.", examples=[""])
    proposed: str = Field(description="What waits for a second person.", examples=[""])
    proposed_by: str = Field(examples=[""])
    assigned_to: str = Field(
        "", description="Who has it: automatic handling is paused.", examples=[""]
    )
    assigned_until: Time | None = Field(None, description="Until when.")


class Change(Model, frozen=True):
    """A case that has changed; `events` counts up with each change."""

    number: str = Field(examples=[VOID])
    id: Id = Field(examples=[VOID_ID])
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    step: str = Field(examples=["retry"])
    cause: str = Field(examples=["issuer_down"])
    task: str = Field(examples=[""])
    ended: str = Field(examples=["voided"])
    events: int = Field(examples=[5])
    changed_at: Time


class CaseChange(Change, frozen=True):
    """A case that has changed. Who comes back with `event_id` is told what came since."""

    event_id: str = ""


class Event(Model, frozen=True):
    """One line of a case's history. `hash` covers it and all before."""

    at: Time
    who: str = Field(examples=["annul"])
    what: str = Field(examples=["retry"])
    why: Said
    evidence: dict[str, Any]
    hash: str


class Attempt(Model, frozen=True):
    """A transaction of a case."""

    id: Id = Field(examples=[VOID_ID])
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
    received_at: Time
    answered_at: Time | None
    ended_at: Time | None


class Message(Model, frozen=True):
    """A message of a transaction, masked."""

    transaction_id: Id = Field(examples=[VOID_ID])
    direction: str = Field(examples=["issuer_in"])
    at: Time
    mti: str = Field(examples=["0210"])
    fields: dict[str, str] = Field(examples=[{"39": "96"}])


class Told(Model, frozen=True):
    """What somebody was told."""

    whom: str = Field(examples=["terminal 10000001"])
    said: str
    created_at: Time
    delivered_at: Time | None


class Allowed(Model, frozen=True):
    """Something that the caller may do with the case as it is now."""

    action: str = Field(validation_alias="name", examples=["retry"])
    said: Said
    money: bool = Field(description="Whether it may move money.")


class WholeCase(Model, frozen=True):
    """Everything about a case."""

    case: CaseSummary
    causes: tuple[Finding, ...] = Field(description="As last diagnosed, the most probable first.")
    timeline: tuple[Event, ...]
    chain_broken_at: int | None = Field(
        description="The first line of the history that was changed; null: it is whole."
    )
    transactions: tuple[Attempt, ...]
    messages: tuple[Message, ...]
    ledger: tuple[Entry, ...]
    told: tuple[Told, ...]
    allowed: tuple[Allowed, ...]


class Done(Model, frozen=True):
    """What came of an act."""

    done: str = Field(
        description="The action; `proposed` when a second person has to do the same.",
        examples=["retry"],
    )
    case: CaseSummary
