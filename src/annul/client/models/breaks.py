"""Breaks between clearing files and the books, and how they end."""

from typing import Annotated, Any, Literal

from pydantic import Field

from .clearing import NAME, BreakSum
from .parts import MERCHANT, NEWER, Id, Model, Said, Time

BreakKind = Literal[
    "missing_here", "missing_there", "amount", "state", "twice", "fee", "date", "currency"
]
BreakState = Literal["open", "asked", "resolved", "agreed", "withdrawn"]
Resolution = Literal["theirs_stand", "ours_stand", "explained"]
_WHO = Field(examples=["li"])


class Break(Model, frozen=True):
    """Where a clearing file and the books differ."""

    id: Id
    merchant: str = Field(
        validation_alias="merchant_id", description="Empty: none here.", examples=[MERCHANT]
    )
    kind: Annotated[BreakKind, NEWER] = Field(examples=["amount"])
    cause: str = Field(description="By what was seen on the wire.", examples=["other_amount"])
    state: Annotated[BreakState, NEWER] = Field(
        description="`asked`: its end waits for a second person; `agreed`: a later file put it "
        "right; `withdrawn`: its file was discarded.",
        examples=["open"],
    )
    money: int = Field(
        description="What the issuer owes by its file less what it owes by the books, in minor "
        "units.",
        examples=[-1_000],
    )
    currency: str = Field(description="ISO 4217, numeric.", examples=["156"])
    file: Id = Field(validation_alias="file_id")
    file_name: str = Field(examples=[NAME])
    line: int | None = Field(description="Of the file; none: it is missing there.", examples=[1])
    transaction: Id | None = Field(validation_alias="transaction_id")
    differs: dict[str, list[Any]] = Field(
        description="Fields that differ: as terminal, host and issuer have each.",
        examples=[{"amount": [None, 10_000, 9_000]}],
    )
    foretold: bool
    owner: str = _WHO
    opened_at: Time
    due_at: Time
    resolved_as: Annotated[Literal["", "theirs_stand", "ours_stand", "explained"], NEWER] = Field(
        examples=[""]
    )
    reason: str = Field(examples=[""])
    asked_by: str = Field(examples=[""])
    asked_at: Time | None
    decided_by: str = Field(description="The second person.", examples=[""])
    decided_at: Time | None


class BreakProof(Model, frozen=True):
    """What a file, or people, have proved of a transaction."""

    id: Id
    file: Id = Field(validation_alias="file_id")
    line: int | None
    proves: str = Field(examples=["done"])
    was: str = Field(description="Its state before.", examples=["unknown"])
    found_at: Time
    came: str | None = Field(examples=["moved"])
    carried_at: Time | None
    discarded_at: Time | None
    undone_at: Time | None


class BreakChange(Model, frozen=True):
    """What was done to a break, as the audit log has it."""

    at: Time
    who: str = _WHO
    action: str = Field(examples=["resolve-break"])
    reason: str = Field(examples=["their letter"])
    detail: dict[str, Any]


class WholeBreak(Break, frozen=True):
    """A break with all that is known of it."""

    suggested: str = Field(description="By its cause; people decide.", examples=["ours_stand"])
    facts: dict[str, Any] = Field(description="By which the cause is seen.")
    row: dict[str, Any] | None = Field(description="Of the file.")
    proofs: list[BreakProof]
    history: list[BreakChange] = Field(description="The latest first; empty for merchants.")


class WaitingBreaks(BreakSum, frozen=True):
    """Breaks of a kind and cause that wait."""

    overdue: int = Field(examples=[0])
    asked: int = Field(description="Wait for a second person.", examples=[0])
    foretold: int = Field(examples=[0])


class BreakCame(Model, frozen=True):
    """What came of one break among several."""

    id: Id
    state: str = Field(description="Empty where it was refused.", examples=["resolved"])
    code: str = Field(description="Of the error that refused it.", examples=[""])
    error: str = Field(examples=[""])


class ManyBreaks(Model, frozen=True):
    """What came of several breaks."""

    items: list[BreakCame]


class AssignedBreaks(Model, frozen=True):
    """On how many breaks somebody works now."""

    assigned: int = Field(examples=[2])


class BreakDecision(Model, frozen=True):
    """What a row of a workbook decides."""

    row: int = Field(examples=[2])
    id: Id | None
    resolution: str | None = Field(examples=["ours_stand"])
    reason: str = Field(examples=["their letter"])
    owner: str = Field(examples=[""])
    money: int = Field(examples=[-1_000])
    currency: str = Field(examples=["156"])
    two: bool = Field(description="It will wait for a second person.")
    problem: Said | None = Field(description="Why it is not carried out.")


class ImportedBreaks(Model, frozen=True):
    """Decisions of a workbook, and what came of them once they are applied."""

    decisions: list[BreakDecision]
    items: list[BreakCame] = Field(description="Empty before they are applied.")
