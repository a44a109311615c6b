"""Whether the parts of a row fit each other: what a dialect of our own is judged by."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from annul.wire.errors import DialectError
from annul.wire.field import CODINGS, LENGTHS, Arranged, Coding, Content, Counts, Field, Layout, Pad
from annul.wire.nested import as_written

_WIDEST: Final = 6  # digits of a length, or of a tag
_WIDEST_BYTES: Final = 3  # likewise in bytes
_DEEPEST: Final = 4  # parts within parts
LARGEST: Final = 99_999  # digits or bytes of a field
_HEX: Final = (Coding.HEX, Coding.HEX_EBCDIC)
# How a tag may be coded: as a length, or as characters of hexadecimal.
TAGS: Final = (*LENGTHS, *_HEX)
# What may fill a fixed field up.
FILLS: Final[Mapping[Content, str]] = {
    Content.DIGITS: "0",
    Content.TRACK: "0",
    Content.SIGNED: "0",
    Content.TEXT: " ",
    Content.BINARY: "",
}
_F: Final = (Pad.RIGHT_F, Pad.LEFT_F)


def named(text: str) -> str:
    """Give a name as it may be shown: one line, nothing that steers a terminal."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:120]


def check(dialect: str, row: Field, where: str = "") -> None:
    """Raise `DialectError` for a row by which nothing could be written, or not be read again."""
    where = where or f"field {row.number}"
    for attribute, fault in _faults(row):
        raise DialectError(dialect, fault, f"{where}, {attribute}")
    if row.layout is not None:
        _check_layout(dialect, row, row.layout, where)


def allowed(values: tuple[Coding, ...]) -> str:
    """Name what may stand there."""
    return "one of " + ", ".join(dict.fromkeys(value.value for value in values))


def _faults(row: Field) -> Iterator[tuple[str, str]]:
    """Name what is wrong: the attribute, and what is allowed."""
    if row.coded not in CODINGS[row.content]:
        yield "coding", f"{allowed(CODINGS[row.content])} for {row.content.value}"
    least = 2 if row.content is Content.SIGNED else 1
    if not least <= row.size <= LARGEST:
        yield "size", f"{least} to {LARGEST}"
    yield from _prefix_faults(row)
    if row.fill and (row.fill != FILLS[row.content] or not row.fixed):
        fills = FILLS[row.content] if row.fixed else ""
        yield "fill", f"{fills!r} or nothing" if fills else "nothing"
    if row.separator not in {"D", "="}:
        yield "separator", "D or ="


def _prefix_faults(row: Field) -> Iterator[tuple[str, str]]:
    prefix = row.prefix
    widest = _WIDEST_BYTES if prefix.coding is Coding.BYTES else _WIDEST
    if prefix.coding not in LENGTHS:
        yield "prefix.coding", allowed(LENGTHS)
    if not 0 <= prefix.width <= widest:
        yield "prefix.width", f"0 to {widest}"
    if row.fixed:
        return
    wire = prefix.counts is Counts.WIRE
    if (row.width(row.size) if wire else row.size) > prefix.largest:
        yield "size", f"at most {prefix.largest}, which is all that its length can say"
    if wire and row.packed and row.pad not in _F:
        yield "pad", "right_f or left_f where the length of packed digits counts bytes"


# Parts -----------------------------------------------------------------------------------------


def _check_layout(dialect: str, row: Field, layout: Layout, where: str) -> None:
    if where.count(".") >= _DEEPEST:
        raise DialectError(dialect, f"parts within parts {_DEEPEST} deep at most", where)
    if not layout.parts:
        raise DialectError(dialect, "at least one part", f"{where}, layout")
    numbers = [part.number for part in layout.parts]
    if len(set(numbers)) < len(numbers):
        raise DialectError(dialect, "each part once", f"{where}, layout")
    for attribute, fault in _ARRANGED[layout.arranged](row, layout):
        raise DialectError(dialect, fault, f"{where}, layout.{attribute}")
    for part in layout.parts:
        check(dialect, part, f"{where}.{part.number}")
        check(dialect, as_written(layout, part), f"{where}.{part.number}")
    if layout.head is not None:
        check(dialect, layout.head, f"{where}.head")


def _in_turn(row: Field, layout: Layout) -> Iterator[tuple[str, str]]:
    del row
    if layout.head is not None:
        yield "head", "nothing: it is a part like the others"


def _tagged(row: Field, layout: Layout) -> Iterator[tuple[str, str]]:
    del row
    widest = _WIDEST_BYTES if layout.tag.coding is Coding.BYTES else _WIDEST
    if layout.tag.coding not in TAGS:
        yield "tag.coding", allowed(TAGS)
    if not 1 <= layout.tag.width <= widest:
        yield "tag.width", f"1 to {widest}"
    if layout.length.coding not in LENGTHS or not layout.length.width:
        yield "length", f"a width, and a coding that is {allowed(LENGTHS)}"
    most = (16 if layout.tag.coding in _HEX else 10) ** layout.tag.width
    if layout.tag.coding is Coding.BYTES:
        most = 256**layout.tag.width
    unequal = any(part.packed or part.in_hex for part in layout.parts)
    if layout.length_first and unequal and layout.length.counts is Counts.CONTENT:
        yield "length.counts", "wire where it counts the tag as well"
    for part in layout.parts:
        if not 0 <= part.number < most:
            yield f"parts.{part.number}", f"a tag below {most}"
        if not part.fixed:
            yield f"parts.{part.number}.prefix", "nothing: the length of all parts is the layout's"


def _ber_tlv(row: Field, layout: Layout) -> Iterator[tuple[str, str]]:
    if row.content is not Content.BINARY:
        yield "arranged", "ber_tlv only where the content is binary"
    for part in layout.parts:
        if not part.fixed:
            yield f"parts.{part.number}.prefix", "nothing: a data object has its own length"


def _bitmapped(row: Field, layout: Layout) -> Iterator[tuple[str, str]]:
    if row.content is not Content.BINARY:
        yield "arranged", "bitmapped only where the content is binary"
    if not 1 <= layout.bitmap <= 16:
        yield "bitmap", "1 to 16 bytes"
    for part in layout.parts:
        if not 1 <= part.number <= 8 * layout.bitmap:
            yield f"parts.{part.number}", f"a place from 1 to {8 * layout.bitmap}"


_ARRANGED: Final[Mapping[Arranged, Callable[[Field, Layout], Iterator[tuple[str, str]]]]] = {
    Arranged.IN_TURN: _in_turn,
    Arranged.TAGGED: _tagged,
    Arranged.BER_TLV: _ber_tlv,
    Arranged.BITMAPPED: _bitmapped,
}
