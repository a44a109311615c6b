"""A dialect as the JSON specification of the Go library: from its rows."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from annul.wire.dialect import Dialect
from annul.wire.errors import DialectError
from annul.wire.field import Arranged, Coding, Content, Counts, Field, Layout, Pad, Prefix
from annul.wire.nested import tag_of

from .imported import Exported, Unsaid
from .message_json import ENCODINGS, PREFIXES, TAGS, read_json

_PREFIXES: Final = {coding: name for name, coding in PREFIXES.items()}
_TAGS: Final = {coding: name for name, coding in TAGS.items()} | {Coding.HEX: "ASCII"}
_ENCODINGS: Final = {parts: name for name, parts in ENCODINGS.items()}
_TYPES: Final[Mapping[Content, str]] = {
    Content.DIGITS: "Numeric",
    Content.TRACK: "Track2",
    Content.TEXT: "String",
    Content.BINARY: "Binary",
}
_SIDES: Final = {"0": "Left", " ": "Right"}
_BITMAPS: Final = {Coding.BYTES: "Binary", Coding.HEX: "HexToASCII"}
_MAC: Final = Field(64, Content.BINARY, 8)


class _CannotSay(Exception):
    """A row for which this form has no words."""


def to_json(dialect: Dialect) -> Exported:
    """Write a specification; what it can not say is listed by row."""
    unsaid: list[Unsaid] = []
    fields: dict[str, Any] = {}
    if dialect.bitmap not in _BITMAPS:
        unsaid.append(Unsaid("bitmap", f"a bitmap in {dialect.bitmap.value}"))
    if dialect.mac_fields:
        unsaid.append(Unsaid("mac_fields", "which fields the MAC is over"))
    if dialect.version != "0":
        unsaid.append(Unsaid("version", f"that message types begin with {dialect.version}"))
    fields["0"] = {
        "type": "String",
        "length": 4,
        "description": "message type",
        "enc": _PREFIXES[dialect.mti],
        "prefix": f"{_PREFIXES[dialect.mti]}.Fixed",
    }
    fields["1"] = {
        "type": "Bitmap",
        "length": 8,
        "description": "bitmap",
        "enc": _BITMAPS.get(dialect.bitmap, "HexToASCII"),
        "prefix": f"{'Binary' if dialect.bitmap is Coding.BYTES else 'Hex'}.Fixed",
        **({} if dialect.secondary else {"disableAutoExpand": True}),
    }
    for number, row in sorted(dialect.fields.items()):
        try:
            fields[str(number)] = _checked(row)
        except _CannotSay as error:
            unsaid.append(Unsaid(str(number), str(error)))
    text = json.dumps({"name": dialect.name, "fields": fields}, ensure_ascii=False, indent="\t")
    if not unsaid and read_json(text, dialect.name).dialect.mac_field != dialect.mac_field:
        unsaid.append(Unsaid("mac_field", f"that the MAC stands in field {dialect.mac_field}"))
    return Exported(text + "\n", tuple(unsaid))


def as_described(row: Field) -> Field:
    """Give a row without what has no effect on it, as it comes back from this form."""
    track = row.content is Content.TRACK and not row.packed
    return replace(
        row,
        pad=row.pad if row.packed else Pad.RIGHT_0,
        separator=row.separator if track else "D",
        layout=_layout_as_described(row.layout) if row.layout else None,
    )


def _layout_as_described(layout: Layout) -> Layout:
    behind = layout.arranged in {Arranged.TAGGED, Arranged.BER_TLV}
    parts = (as_described(replace(part, fill="" if behind else part.fill)) for part in layout.parts)
    return replace(layout, parts=tuple(parts))


def _checked(row: Field) -> dict[str, Any]:
    """Describe a row, and read it again: what comes back otherwise can not be said."""
    described = _described(row)
    fields: dict[str, Any] = {"64": _described(_MAC)} if row.number != _MAC.number else {}
    text = json.dumps({"fields": fields | {str(row.number): described}})
    try:
        again = read_json(text, "again").dialect.fields.get(row.number)
    except DialectError as error:
        raise _CannotSay(error.expected) from None
    expected = as_described(row)
    if again is None:
        raise _CannotSay("it would not be read again")
    for name in ("content", "size", "prefix", "coding", "pad", "fill", "separator", "layout"):
        if getattr(again, name) != getattr(expected, name):
            message = f"{name}: it would be read in another way"
            raise _CannotSay(message)
    return described


def _described(row: Field, prefix: str = "") -> dict[str, Any]:
    described: dict[str, Any] = {
        "type": _TYPES.get(row.content, ""),
        "length": row.size,
        "description": row.name,
    }
    if row.content is Content.SIGNED:
        raise _CannotSay("an amount with its sign")
    if row.layout is not None:
        if row.coding is not Coding.BYTES:
            raise _CannotSay("parts in a field that is no binary")
        described |= {"type": "Composite", **_composite(row.layout)}
    else:
        described["enc"] = _encoding(row)
    described["prefix"] = prefix or _prefix(row)
    if row.fill:
        described["padding"] = {"type": _SIDES[row.fill], "pad": row.fill}
    return described


def _encoding(row: Field) -> str:
    if row.content is Content.TEXT and row.coding is Coding.LATIN_1:
        return "Binary"
    pad = row.pad if row.packed else Pad.RIGHT_0
    found = _ENCODINGS.get((row.coded, pad))
    if found is None:
        filled = f", filled by {row.pad.name.lower()}" if row.packed else ""
        message = f"{row.content.value} in {row.coded.value}{filled}"
        raise _CannotSay(message)
    return found


def _prefix(row: Field) -> str:
    if row.fixed:
        return f"{_PREFIXES.get(row.coded, 'Hex' if row.in_hex else 'ASCII')}.Fixed"
    return _length(row.prefix, row)


def _length(prefix: Prefix, row: Field | None) -> str:
    unequal = row is None or row.packed or row.in_hex
    if prefix.counts is Counts.WIRE and unequal:
        raise _CannotSay("a length that counts bytes on the wire")
    return f"{_PREFIXES[prefix.coding]}.{'L' * prefix.width}"


def _composite(layout: Layout) -> dict[str, Any]:
    if layout.head is not None or layout.length_first:
        raise _CannotSay("what stands before tags")
    composite: dict[str, Any] = {}
    length = ""
    match layout.arranged:
        case Arranged.TAGGED:
            if layout.tag.coding not in _TAGS:
                message = f"tags in {layout.tag.coding.value}"
                raise _CannotSay(message)
            length = _length(layout.length, None)
            padding = {"type": "Left", "pad": "0"}
            enc = _TAGS[layout.tag.coding]
            tag = {"length": layout.tag.width, "enc": enc, "padding": padding}
            in_hex = layout.tag.coding in {Coding.BYTES, Coding.HEX}
            composite["tag"] = tag | {"sort": "StringsByHex" if in_hex else "StringsByInt"}
        case Arranged.BER_TLV:
            length = "BerTLV"
            composite["tag"] = {"enc": "BerTLVTag", "sort": "StringsByHex"}
        case Arranged.IN_TURN:
            composite["tag"] = {"sort": "StringsByInt"}
        case Arranged.BITMAPPED:
            composite["bitmap"] = {
                "type": "Bitmap",
                "length": layout.bitmap,
                "enc": "Binary",
                "prefix": "Binary.Fixed",
                "disableAutoExpand": True,
            }
    parts = {tag_of(layout, part.number): part for part in layout.parts}
    behind = bool(length)
    composite["subfields"] = {
        key: _described(replace(part, fill="") if behind else part, length)
        for key, part in parts.items()
    }
    return composite
