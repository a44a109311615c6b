"""What answers are made of: times, ids, texts in both languages, pages of a list."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

# What examples show.
MERCHANT: Final = "898000058120000"
ORIGINAL: Final = "300000000001"
VOID: Final = "300000000002"
VOID_ID: Final = "01981a2b-7c00-7000-8000-000000000002"

Item = TypeVar("Item")


class Read:
    """Whoever reads JSON takes it as `kind`; annul answers with, and documents, what is annotated.

    `answered` stands in for what is annotated where annul may answer with more than callers see.
    """

    def __init__(self, kind: Any, *, answered: Any = None) -> None:
        self._kind = kind
        self._answered = answered

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Give what pydantic checks: JSON comes from outside, Python's values are annul's own."""
        return core_schema.json_or_python_schema(
            json_schema=handler.generate_schema(self._kind),
            python_schema=handler.generate_schema(self._answered or source),
            serialization=core_schema.simple_ser_schema("any"),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Document what annul answers with."""
        return handler(schema["python_schema"])  # pyright: ignore[reportGeneralTypeIssues]


def _text(identity: object) -> object:
    return str(identity) if isinstance(identity, UUID) else identity


# A newer annul may know more of them than are annotated, so any text is read.
NEWER: Final = Read(str)
Id = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": "string", "format": "uuid"})]
# By themselves pydantic's times would also take numbers for seconds since 1970.
Time = Annotated[datetime, Read(Annotated[str, AfterValidator(datetime.fromisoformat)])]
Day = Annotated[date, Read(Annotated[str, AfterValidator(date.fromisoformat)])]


class Model(BaseModel, frozen=True):
    """A part of an answer. A `validation_alias` is what annul's own rows call it.

    Errors do not show what was read: it may be a secret.
    """

    model_config = ConfigDict(
        from_attributes=True,
        populate_by_name=True,
        hide_input_in_errors=True,
        defer_build=True,
    )


class Page(Model, Generic[Item], frozen=True):
    """A page of a list."""

    items: tuple[Item, ...]
    next_cursor: str = Field(
        "", description="Give it as `cursor` for the next page; empty at the end.", examples=[""]
    )


class Said(Model, frozen=True):
    """A text in both languages."""

    zh: str = Field(examples=["款项已退回原卡，不会再退一次。"])
    en: str = Field(examples=["The money goes back to the card; it will not go back twice."])


# With `lang` annul answers with the text of one language; the client always asks for both.
Shown = Annotated[Said, Read(Said, answered=Said | str)]
