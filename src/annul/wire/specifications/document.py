"""A dialect as a TOML document: what differs from the one that it extends, row by row.

```toml
name = "bank_x"
extends = "iso87_ascii"
bitmap = "bytes"

[fields.52]
coding = "bytes"

[fields.127]
absent = true
```
"""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from string import hexdigits
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError
from pydantic import Field as Item

from annul.wire.dialect import Dialect
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DialectError
from annul.wire.field import FIXED, Arranged, Coding, Content, Counts, Field, Layout, Pad, Prefix
from annul.wire.nested import in_hex

from .sound import LARGEST, allowed, check, named

_LONGEST: Final = 200_000  # characters of a document
_MTIS: Final = (Coding.PACKED, Coding.ASCII, Coding.EBCDIC)
_BITMAPS: Final = (Coding.BYTES, Coding.HEX, Coding.HEX_EBCDIC)
_BITMAP_OWN: Final = 1  # the number that the bitmap itself has

_PADS: Final = {pad.name.lower(): pad for pad in Pad}


def _pad(given: object) -> object:
    if given is None or isinstance(given, Pad):
        return given
    if given not in _PADS:
        raise ValueError("one of " + ", ".join(_PADS))
    return _PADS[str(given)]


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PrefixPart(_Part):
    """Of a length, or of a tag."""

    width: int | None = None
    coding: Coding | None = None
    counts: Counts | None = None


class LayoutPart(_Part):
    """The parts of a field; a layout stands as a whole, in place of that of the base."""

    arranged: Arranged
    tag: PrefixPart = PrefixPart()
    length: PrefixPart = PrefixPart()
    length_first: bool = False
    bitmap: int = 0
    head: "RowPart | None" = None
    parts: dict[str, "RowPart"]


class RowPart(_Part):
    """A row, or what of it differs."""

    absent: bool = False
    content: Content | None = None
    size: Annotated[int, Item(ge=1, le=LARGEST)] | None = None
    prefix: PrefixPart | None = None
    coding: Coding | None = None
    pad: Annotated[Pad | None, BeforeValidator(_pad)] = None
    fill: Annotated[str, StringConstraints(max_length=1)] | None = None
    separator: str | None = None
    layout: LayoutPart | None = None
    without_layout: bool = False
    name: Annotated[str, StringConstraints(max_length=120)] | None = None


class Document(_Part):
    """A dialect as it is written down; `build` makes it one."""

    name: Name
    extends: Name | None = None
    mti: Coding | None = None
    bitmap: Coding | None = None
    secondary: bool | None = None
    mac_field: int | None = None
    mac_fields: list[int] | None = None
    version: str | None = None
    fields: dict[str, RowPart] = {}

    def build(self, bases: Mapping[str, Dialect]) -> Dialect:
        """Make the dialect; raises `DialectError` that names the row and what is allowed."""
        base = None
        if self.extends is not None:
            base = bases.get(self.extends)
            if base is None or self.extends == self.name:
                known = ", ".join(sorted(name for name in bases if name != self.name))
                raise DialectError(self.name, f"one of {known}", "extends")
        return _build(self, base)


def parse(text: str) -> Document:
    """Read a document; raises `DialectError` that names row, attribute and what is allowed."""
    if len(text) > _LONGEST:
        raise DialectError("", f"a document of {_LONGEST} characters at most")
    try:
        given = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DialectError("", f"TOML: {error}") from None
    try:
        return Document.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = given.get("name")
        raise DialectError(
            name if isinstance(name, str) else "", _expected(fault), _where(fault["loc"])
        ) from None


def read(text: str, bases: Mapping[str, Dialect] = DIALECTS) -> Dialect:
    """Read a dialect; raises `DialectError` that names row, attribute and what is allowed."""
    return parse(text).build(bases)


# What is wrong -----------------------------------------------------------------------------------


def _expected(fault: Any) -> str:
    match fault["type"]:
        case "enum":
            return "one of " + fault["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        case "extra_forbidden":
            return "no such attribute"
        case "string_pattern_mismatch":
            return "small letters, digits and _, the first a letter, 40 at most"
        case _:
            return str(fault["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")


def _where(location: tuple[int | str, ...]) -> str:
    parts = [str(part) for part in location]
    if parts[:1] == ["fields"]:
        return f"field {parts[1]}" + (f", {'.'.join(parts[2:])}" if parts[2:] else "")
    return ".".join(parts)


# Building ----------------------------------------------------------------------------------------


def _build(document: Document, base: Dialect | None) -> Dialect:
    name = document.name
    fields: dict[int, Field] = {} if base is None else dict(base.fields)
    seen: set[int] = set()
    for key, part in document.fields.items():
        number = _number(name, key, "field")
        if number in seen or not _BITMAP_OWN < number <= 128:
            raise DialectError(name, "a number from 2 to 128, once", f"field {key}")
        seen.add(number)
        if part.absent:
            if part.model_fields_set != {"absent"} or number not in fields:
                raise DialectError(name, "a row of the base, and nothing else", f"field {key}")
            del fields[number]
        else:
            fields[number] = _row(name, number, part, fields.get(number), f"field {number}")
    for row in fields.values():
        check(name, row)
    head = {
        attribute: getattr(document, attribute)
        for attribute in ("mti", "bitmap", "secondary", "mac_field", "version")
        if getattr(document, attribute) is not None
    }
    if document.mac_fields is not None:
        head["mac_fields"] = tuple(document.mac_fields)
    _check_head(name, head)
    ordered = dict(sorted(fields.items()))
    if not ordered:
        raise DialectError(name, "at least one row", "fields")
    if base is None:
        return Dialect(name, ordered, **head)
    return replace(base, name=name, fields=ordered, **head)


def _check_head(name: str, head: Mapping[str, Any]) -> None:
    for attribute, codings in (("mti", _MTIS), ("bitmap", _BITMAPS)):
        if head.get(attribute, codings[0]) not in codings:
            raise DialectError(name, allowed(codings), attribute)


def _number(name: str, key: str, what: str) -> int:
    if not (key.isascii() and key.isdigit() and len(key) <= 8):
        raise DialectError(name, "a number", f"{what} {key}")
    return int(key)


def _row(name: str, number: int, part: RowPart, base: Field | None, where: str) -> Field:
    """Lay what a row says over that of the base; without one it says all that has no default."""
    given = {
        attribute: getattr(part, attribute)
        for attribute in ("content", "size", "coding", "pad", "fill", "separator")
        if getattr(part, attribute) is not None
    }
    if part.name is not None:
        given["name"] = named(part.name)
    if base is None:
        missing = [each for each in ("content", "size") if each not in given]
        if missing:
            raise DialectError(name, "a value, since no base has one", f"{where}, {missing[0]}")
        base = Field(number, given["content"], given["size"])
    elif part.content not in {None, base.content}:
        base = replace(base, content=part.content, coding=None)
    if part.prefix is not None:
        given["prefix"] = _prefix(part.prefix, base.prefix)
    if part.without_layout:
        given["layout"] = None
    if part.layout is not None:
        given["layout"] = _layout(name, part.layout, where)
    return replace(base, **given)


def _prefix(part: PrefixPart, base: Prefix = FIXED) -> Prefix:
    given = part.model_dump(exclude_none=True)
    return replace(base, **given)


def _layout(name: str, part: LayoutPart, where: str) -> Layout:
    rows = {_part_number(name, part, key, where): row for key, row in part.parts.items()}
    if len(rows) < len(part.parts):
        raise DialectError(name, "each part once", f"{where}, layout")
    head = None if part.head is None else _row(name, 0, part.head, None, f"{where}.head")
    return Layout(
        part.arranged,
        tuple(_row(name, n, row, None, f"{where}.{n}") for n, row in sorted(rows.items())),
        tag=_prefix(part.tag),
        length=_prefix(part.length),
        bitmap=part.bitmap,
        length_first=part.length_first,
        head=head,
    )


def _part_number(name: str, layout: LayoutPart, key: str, where: str) -> int:
    coding = layout.tag.coding or FIXED.coding
    if not in_hex(layout.arranged, coding):
        return _number(name, key, f"{where}, part")
    if not (1 <= len(key) <= 8 and set(key) <= set(hexdigits)):
        raise DialectError(name, "a tag in hexadecimal", f"{where}, part {key}")
    return int(key, 16)
