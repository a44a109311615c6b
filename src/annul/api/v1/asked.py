"""What calls may ask: names as they may be written, parts of requests, pages."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import CoreSchema, core_schema

from annul.client.models.parts import Item, Page
from annul.diagnose.causes import CAUSES
from annul.domain.kinds import KINDS
from annul.domain.money import LARGEST
from annul.domain.states import State


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


class Asked(BaseModel):
    """A part of a request: what is not known is refused rather than overlooked."""

    model_config = ConfigDict(extra="forbid")


Reason = Annotated[Words, Field(min_length=1, max_length=500)]


class Because(Asked):
    """Why something is done."""

    reason: Reason = Field(description="Kept in the audit log.", examples=["seen the letter"])


def page(model: type[Item], rows: list[dict[str, Any]], following: str) -> Page[Item]:
    """Make a page of rows."""
    return Page[model].model_validate({"items": rows, "next_cursor": following})
