"""The JSON specification of the Go library (moov-io/iso8583): from it to a dialect.

A field has a type, a length, an encoding, a prefix and a padding; a composite has fields of its
own, in turn, behind tags or named by a bitmap.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Item

from annul.wire.dialect import Dialect
from annul.wire.errors import DialectError
from annul.wire.field import FIXED, Arranged, Coding, Content, Field, Layout, Pad, Prefix

from .imported import Imported, SpecificationError, Unsaid
from .sound import FILLS, check, named

LARGEST: Final = 4_000_000  # characters of a file
# encoding -> how characters stand, and what fills odd packed digits up.
ENCODINGS: Final[Mapping[str, tuple[Coding, Pad]]] = {
    "ASCII": (Coding.ASCII, Pad.RIGHT_0),
    "EBCDIC": (Coding.EBCDIC, Pad.RIGHT_0),
    "BCD": (Coding.PACKED, Pad.LEFT_0),
    "LBCD": (Coding.PACKED, Pad.RIGHT_0),
    "Binary": (Coding.BYTES, Pad.RIGHT_0),
    "HexToASCII": (Coding.HEX, Pad.RIGHT_0),
}
PREFIXES: Final[Mapping[str, Coding]] = {
    "ASCII": Coding.ASCII,
    "BCD": Coding.PACKED,
    "EBCDIC": Coding.EBCDIC,
    "Binary": Coding.BYTES,
}
TAGS: Final[Mapping[str, Coding]] = {
    "ASCII": Coding.ASCII,
    "BCD": Coding.PACKED,
    "EBCDIC": Coding.EBCDIC,
    "ASCIIToHex": Coding.BYTES,
}
TYPES: Final[Mapping[str, Content]] = {
    "String": Content.TEXT,
    "Numeric": Content.DIGITS,
    "Binary": Content.BINARY,
    "Hex": Content.BINARY,
    "Track1": Content.TEXT,
    "Track2": Content.TRACK,
    "Track3": Content.TRACK,
}
TRACKS: Final = (35, 36)


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Padding(_Model):
    """What fills a value up, and on which side."""

    type: str
    pad: str = ""


class Tag(_Model):
    """How the tags of a composite stand."""

    length: int = 0
    enc: str = ""
    sort: str = ""


class Described(_Model):
    """A field."""

    type: str
    length: Annotated[int, Item(ge=0)] = 0
    description: str = ""
    enc: str = ""
    prefix: str = ""
    padding: Padding | None = None
    tag: Tag | None = None
    subfields: "dict[str, Described]" = {}
    bitmap: "Described | None" = None
    disableAutoExpand: bool = False  # noqa: N815 - as it stands in the file


class _Specification(_Model):
    name: str = ""
    fields: dict[str, Described]


class _CannotSay(Exception):
    """A row, or a layout, for which the model has no words."""


def read_json(text: str, name: str) -> Imported:
    """Read a specification as a dialect of that name.

    Raises `SpecificationError` for what is none, `DialectError` when no message could be written by
    what is left; rows that can not be said are listed.
    """
    given = _parsed(text)
    unsaid: list[Unsaid] = []
    fields: dict[int, Field] = {}
    head: dict[str, Any] = {"mti": Coding.ASCII, "bitmap": Coding.BYTES, "secondary": False}
    for key in sorted(given.fields, key=int):
        number, described = int(key), given.fields[key]
        try:
            if number == 0:
                head["mti"] = _mti(described)
            elif number == 1:
                head |= _bitmap(described)
            else:
                fields[number] = _row(name, number, described, unsaid)
        except _CannotSay as error:
            unsaid.append(Unsaid(key, str(error)))
        except DialectError as error:
            unsaid.append(Unsaid(key, f"{error.where}: {error.expected}"))
    head["secondary"] = head["secondary"] or any(number > 64 for number in fields)
    binary = [n for n in (128, 64) if n in fields and fields[n].content is Content.BINARY]
    dialect = Dialect(name, fields, **head, mac_field=binary[0] if binary else 64)
    rows = sum(1 + len(each.subfields) for each in given.fields.values())
    return Imported(dialect, rows, tuple(unsaid))


def _parsed(text: str) -> _Specification:
    if len(text) > LARGEST:
        message = f"the file has more than {LARGEST} characters"
        raise SpecificationError(message)
    try:
        given = _Specification.model_validate(json.loads(text))
    except (ValueError, RecursionError) as error:
        fault = str(error)
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False, include_input=False)[0]
            fault = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        message = f"this is no such JSON: {fault}"
        raise SpecificationError(message) from None
    for key in given.fields:
        if not (key.isascii() and key.isdigit() and len(key) <= 4 and str(int(key)) == key):
            message = f"{key!r} is no number of a field"
            raise SpecificationError(message)
    return given


def _mti(described: Described) -> Coding:
    coding = PREFIXES.get(described.enc)
    if coding not in {Coding.ASCII, Coding.PACKED, Coding.EBCDIC} or described.length != 4:
        raise _CannotSay("a message type of four digits in ASCII, BCD or EBCDIC")
    return coding


def _bitmap(described: Described) -> dict[str, Any]:
    coding = {"Binary": Coding.BYTES, "HexToASCII": Coding.HEX}.get(described.enc)
    if coding is None or described.length not in {0, 8, 16}:
        raise _CannotSay("a bitmap of 8 or 16 bytes, Binary or HexToASCII")
    second = described.length == 16 or not described.disableAutoExpand
    return {"bitmap": coding, "secondary": second}


# Rows ------------------------------------------------------------------------------------------


def _row(name: str, number: int, described: Described, unsaid: list[Unsaid]) -> Field:
    if described.subfields:
        row = Field(number, Content.BINARY, described.length, _prefix(described))
        row = replace(row, name=named(described.description))
        check(name, row)
        try:
            whole = replace(row, layout=_layout(described))
            check(name, whole)
        except (_CannotSay, DialectError) as error:
            reason = error.expected if isinstance(error, DialectError) else str(error)
            unsaid += [Unsaid(f"{number}.{key}", reason) for key in described.subfields]
            return row
        return whole
    row = _plain(number, described)
    if number in TRACKS and row.content in {Content.DIGITS, Content.TEXT} and not row.fixed:
        row = replace(row, content=Content.TRACK, fill="")
    if row.content is Content.TRACK and not row.packed:
        row = replace(row, separator="=")
    check(name, row)
    return row


def _plain(number: int, described: Described, prefix: Prefix | None = None) -> Field:
    """Make the row of a field without parts."""
    content = TYPES.get(described.type)
    if content is None:
        message = f"the type {described.type or '(none)'}"
        raise _CannotSay(message)
    prefix = _prefix(described) if prefix is None else prefix
    coding, pad = _coding(described, prefix)
    if coding in {Coding.HEX, Coding.HEX_EBCDIC} or described.enc == "ASCIIToHex":
        content = Content.BINARY
    elif coding is Coding.BYTES and content is Content.TEXT:
        coding = Coding.LATIN_1
    elif coding is Coding.PACKED and content is Content.TEXT:
        content = Content.DIGITS
    fill = _fill(described.padding, fixed=not prefix.width)
    if fill == "0" and content is Content.TEXT:
        content = Content.DIGITS
    if fill and fill != FILLS[content]:
        message = f"filled up with {fill!r} on that side"
        raise _CannotSay(message)
    size, said = described.length, named(described.description)
    return Field(number, content, size, prefix, coding, pad, fill, name=said)


def _coding(described: Described, prefix: Prefix) -> tuple[Coding, Pad]:
    if described.enc == "ASCIIToHex" and not prefix.width:
        return Coding.BYTES, Pad.RIGHT_0
    if described.enc not in ENCODINGS:
        message = f"the encoding {described.enc or '(none)'}"
        raise _CannotSay(message)
    return ENCODINGS[described.enc]


def _prefix(described: Described) -> Prefix:
    kind, _, width = described.prefix.partition(".")
    if width == "Fixed" and kind != "None":
        return FIXED
    if kind not in PREFIXES or width.strip("L") or not width:
        message = f"the prefix {described.prefix or '(none)'}"
        raise _CannotSay(message)
    return Prefix(len(width), PREFIXES[kind])


def _fill(padding: Padding | None, *, fixed: bool) -> str:
    if padding is None or padding.type == "None":
        return ""
    if not fixed:
        raise _CannotSay("a length before it, and filled up as well")
    if (padding.type, padding.pad) not in {("Left", "0"), ("Right", " ")}:
        message = f"filled up with {padding.pad!r} on the {padding.type.lower()}"
        raise _CannotSay(message)
    return padding.pad


# Parts -----------------------------------------------------------------------------------------


def _layout(described: Described) -> Layout:
    tag = described.tag
    for key in described.subfields:
        if described.subfields[key].subfields:
            message = f"parts of the part {key}"
            raise _CannotSay(message)
    if described.bitmap is not None:
        return _bitmapped(described, described.bitmap)
    if tag is None or not (tag.length or tag.enc):
        return Layout(Arranged.IN_TURN, _numbered(described, _decimal))
    if tag.enc == "BerTLVTag":
        return Layout(Arranged.BER_TLV, _numbered(described, _hexadecimal, FIXED))
    if tag.enc not in TAGS:
        message = f"tags in {tag.enc or 'no encoding'}"
        raise _CannotSay(message)
    return _tagged(described, tag)


def _bitmapped(described: Described, bitmap: Described) -> Layout:
    if bitmap.enc != "Binary" or not bitmap.disableAutoExpand:
        raise _CannotSay("a bitmap of parts that is not Binary, or grows by itself")
    return Layout(Arranged.BITMAPPED, _numbered(described, _decimal), bitmap=bitmap.length)


def _tagged(described: Described, tag: Tag) -> Layout:
    lengths = {_prefix(each) for each in described.subfields.values()}
    if len(lengths) != 1:
        raise _CannotSay("parts behind tags whose lengths stand in several ways")
    coding = TAGS[tag.enc]
    number = _hexadecimal if coding is Coding.BYTES else _decimal
    if coding is Coding.ASCII and not all(key.isdigit() for key in described.subfields):
        coding, number = Coding.HEX, _hexadecimal
    parts = _numbered(described, number, FIXED)
    return Layout(Arranged.TAGGED, parts, tag=Prefix(tag.length, coding), length=lengths.pop())


def _numbered(
    described: Described, number: Callable[[str], int], prefix: Prefix | None = None
) -> tuple[Field, ...]:
    rows = [_plain(number(key), each, prefix) for key, each in described.subfields.items()]
    if prefix is not None:
        rows = [replace(row, fill="") for row in rows]
    return tuple(sorted(rows, key=lambda row: row.number))


def _decimal(key: str) -> int:
    if not (key.isascii() and key.isdigit() and len(key) <= 8):
        message = f"the tag {key}, which is no number"
        raise _CannotSay(message)
    return int(key)


def _hexadecimal(key: str) -> int:
    if not key or len(key) > 8 or key.strip("0123456789ABCDEF"):
        message = f"the tag {key}, which is no hexadecimal"
        raise _CannotSay(message)
    return int(key, 16)
