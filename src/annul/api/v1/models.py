"""What all calls have in common: names as they may be written, pages, texts, transactions."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Generic, Literal, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import CoreSchema, core_schema

from annul.diagnose.causes import CAUSES
from annul.domain.kinds import KINDS
from annul.domain.money import LARGEST
from annul.domain.states import State

MERCHANT: Final = "898000058120000"
ORIGINAL: Final = "300000000001"
VOID: Final = "300000000002"
VOID_ID: Final = "01981a2b-7c00-7000-8000-000000000002"

Item = TypeVar("Item")


class OneOf:
    """A text that is one of several, which a table of annul names."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)

    def __get_pydantic_core_schema__(self, _: Any, __: Any) -> CoreSchema:
        """Give what pydantic checks and documents."""
        return core_schema.literal_schema(self._names)


def _sane(at: datetime) -> datetime:
    """Keep to times that every part of annul can say."""
    if not 2000 <= at.year <= 2100:
        message = "is not between 2000 and 2100"
        raise ValueError(message)
    return at.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_sane)]
MerchantId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,15}$")]
TerminalId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,8}$")]
IssuerId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,11}$")]
Rrn = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
Trace = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}$")]
Batch = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Last4 = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
Named = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,36}$")]  # an id, or a number
Words = Annotated[str, StringConstraints(pattern=r"^[^\u0000-\u0008\u000b-\u001f]*$")]
Minor = Annotated[int, Field(ge=1, le=LARGEST)]
Kind = Annotated[str, OneOf(name for name, kind in KINDS.items() if kind.processing_code)]
StateName = Annotated[str, OneOf(state.value for state in State)]
CauseName = Annotated[str, OneOf(CAUSES)]

Limit = Annotated[int, Query(ge=1, le=200, description="How many on a page.")]
After = Annotated[
    str,
    Query(pattern=r"^[0-9A-Za-z_-]{0,200}$", description="`next_cursor` of the page before."),
]
Language = Annotated[
    Literal["zh", "en"] | None, Query(description="Texts in one language; without it in both.")
]


class Model(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


class Asked(BaseModel):
    """A part of a request: what is not known is refused rather than overlooked."""

    model_config = ConfigDict(extra="forbid")


class Page(Model, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next_cursor: str = Field(
        "", description="Give it as `cursor` for the next page; empty at the end.", examples=[""]
    )


class Said(Model):
    """A text in both languages."""

    zh: str = Field(examples=["已撤销，款项退回原卡"])
    en: str = Field(examples=["Voided; the money goes back to the card of the sale."])


class Transaction(Model):
    """A financial request. Amounts in minor units; the card is masked."""

    id: UUID = Field(examples=[VOID_ID])
    merchant: str = Field(validation_alias="merchant_id", examples=[MERCHANT])
    terminal: str = Field(validation_alias="terminal_id", examples=["10000001"])
    kind: str = Field(examples=["void"])
    state: str = Field(examples=["approved"])
    sent: str = Field(description="How far it went to the issuer.", examples=["answered"])
    batch: str = Field(
        description="Begins with A for an attempt of annul, with B for what a program ordered.",
        examples=["B00001"],
    )
    trace: str = Field(description="Voucher number.", examples=["912345"])
    business_date: date
    amount: int = Field(examples=[10_000])
    currency: str = Field(description="ISO 4217, numeric.", examples=["156"])
    undone: int = Field(description="Given back, or being given back, of it.", examples=[0])
    original_id: UUID | None = Field(examples=[None])
    card: str = Field(validation_alias="card_masked", examples=["620001******0007"])
    card_type: str = Field(examples=["debit"])
    issuer: str = Field(validation_alias="issuer_id", examples=["00000101"])
    rrn: str = Field(description="Reference number, field 37.", examples=[VOID])
    auth_code: str = Field(examples=["123456"])
    response_code: str = Field(examples=["00"])
    entry_mode: str = Field(examples=["012"])
    fee: int = Field(examples=[0])
    why: str = Field(description="Rule or silence that ended it here.", examples=[""])
    late_code: str = Field(description="What the issuer said too late.", examples=[""])
    received_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None


class Entry(Model):
    """A row of the ledger: it moves a positive amount from one account to another."""

    transaction_id: UUID = Field(examples=[VOID_ID])
    cause: str = Field(examples=["approval"])
    line: int = Field(examples=[0])
    debit: str = Field(examples=["merchant_pending"])
    credit: str = Field(examples=["issuer_receivable"])
    amount: int = Field(examples=[10_000])
    currency: str = Field(examples=["156"])
    business_date: date
    posted_at: datetime


def page(model: Any, rows: list[dict[str, Any]], following: str) -> Any:
    """Make a page of rows."""
    return Page[model](items=[model.model_validate(row) for row in rows], next_cursor=following)
