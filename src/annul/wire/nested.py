"""Fields that are messages in themselves, split and built by their layout; each undoes the other.

Digits that are packed in the message are taken one by one, so its parts are coded in ASCII.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from . import tlv
from .errors import DecodeError, EncodeError
from .field import Arranged, Coding, Content, Counts, Field, Layout, Prefix
from .shape import WRONG, Shape, content_fault, encode_fault

Value = str | bytes
_KEPT: Final = lru_cache(maxsize=2048)
_HEX: Final = (Coding.HEX, Coding.HEX_EBCDIC)
_OWN_LENGTH: Final = Prefix(3, Coding.BYTES, Counts.WIRE)  # of a data object, once it is taken out


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its place or tag as the layout counts it, and its value; `None` is the head.

    Of a tag that the layout does not know the value is its bytes.
    """

    number: int | None
    value: Value


def split(field: Field, value: Value) -> tuple[Part, ...]:
    """Split a field's value; raises `DecodeError` with the field and the offset in its value."""
    layout = _layout(field)
    data = _as_bytes(field, value)
    try:
        return tuple(_SPLIT[layout.arranged](layout, data))
    except DecodeError as error:
        raise DecodeError(field.number, error.offset, error.expected) from None


def build(field: Field, parts: Iterable[Part]) -> Value:
    """Put a field's value together; raises `EncodeError` with the field."""
    layout = _layout(field)
    try:
        data = _BUILD[layout.arranged](layout, tuple(parts))
    except EncodeError as error:
        raise EncodeError(field.number, f"part {error.field}: {error.expected}") from None
    return data if field.content is Content.BINARY else data.decode(_charset(field))


def row_of(field: Field, number: int | None) -> Field | None:
    """Give the row of a part, None for one that the layout does not know."""
    layout = _layout(field)
    return layout.head if number is None else _rows(layout).get(number)


def tag_of(layout: Layout, number: int) -> str:
    """Write a tag or a place as people do: 9F26, 07, 3."""
    if layout.arranged is Arranged.BER_TLV:
        return f"{number:X}".zfill(2)
    if layout.arranged is not Arranged.TAGGED:
        return str(number)
    width = layout.tag.width
    if layout.tag.coding in _HEX:
        return f"{number:0{width}X}"
    return f"{number:0{2 * width}X}" if layout.tag.coding is Coding.BYTES else f"{number:0{width}d}"


def in_hex(arranged: Arranged, tag: Coding) -> bool:
    """Say whether tags are written in hexadecimal, in documents and for people."""
    if arranged is Arranged.TAGGED:
        return tag in {Coding.BYTES, *_HEX}
    return arranged is Arranged.BER_TLV


def as_written(layout: Layout, part: Field) -> Field:
    """Give a part with the length that the layout puts before it."""
    if layout.arranged is Arranged.TAGGED:
        return replace(part, prefix=layout.length, fill="", layout=None)
    if layout.arranged is Arranged.BER_TLV:
        return replace(part, prefix=_OWN_LENGTH, fill="", layout=None)
    return replace(part, layout=None)


def _layout(field: Field) -> Layout:
    assert field.layout is not None, "it has parts"
    return field.layout


def _charset(field: Field) -> str:
    return "ascii" if field.packed else field.coded.charset


def _as_bytes(field: Field, value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return value.encode(_charset(field))
    except UnicodeEncodeError as error:
        raise DecodeError(field.number, error.start, f"{_charset(field)} characters") from None


@_KEPT
def _rows(layout: Layout) -> Mapping[int, Field]:
    return {part.number: part for part in layout.parts}


@_KEPT
def _single(layout: Layout, number: int | None) -> Shape:
    """Compile what serves one part: without a number that of an unknown tag."""
    row = _rows(layout).get(number) if number is not None else None
    if row is None:
        most = layout.length.largest if layout.length.width else _OWN_LENGTH.largest
        row = Field(number or 0, Content.BINARY, most)
    return Shape(b"", (as_written(layout, row),))


@_KEPT
def _head(head: Field) -> Shape:
    return Shape(b"", (replace(head, layout=None),))


@_KEPT
def _probe(length: Prefix) -> Shape:
    """Compile what reads bytes behind a length, whatever they are."""
    return Shape(b"", (Field(0, Content.BINARY, length.largest, length),))


def _known(layout: Layout, number: int) -> Shape:
    return _single(layout, number if number in _rows(layout) else None)


# One part --------------------------------------------------------------------------------------


def _take(single: Shape, data: bytes, at: int) -> tuple[Value, int]:
    """Read one part; gives its value and where it ends."""
    row = single.fields[0]
    try:
        start, units, end = single.locate(data, at)
    except WRONG:
        raise DecodeError(row.number, at, f"a length up to {row.size}") from None
    if end > len(data):
        raise DecodeError(row.number, start, f"{end - start} bytes")
    try:
        return single.read(data, (start, units))[row.number], end
    except WRONG:
        raise content_fault(row, start) from None


def _put(single: Shape, value: Value) -> bytes:
    number = single.fields[0].number
    try:
        return single.write(b"", {number: value})
    except WRONG:
        raise encode_fault({number: value}, [single]) from None


# Splitting -------------------------------------------------------------------------------------


def _split_in_turn(layout: Layout, data: bytes) -> Iterator[Part]:
    at = 0
    for part in layout.parts:
        if at == len(data):
            return
        value, at = _take(_single(layout, part.number), data, at)
        yield Part(part.number, value)
    _at_end(data, at)


def _split_bitmapped(layout: Layout, data: bytes) -> Iterator[Part]:
    at = layout.bitmap
    if len(data) < at:
        raise DecodeError(None, 0, f"a bitmap of {at} bytes")
    bits, size = int.from_bytes(data[:at], "big"), 8 * at
    for number in range(1, size + 1):
        if not bits >> (size - number) & 1:
            continue
        if number not in _rows(layout):
            raise DecodeError(None, at, f"no part {number}, which this layout lacks")
        value, at = _take(_single(layout, number), data, at)
        yield Part(number, value)
    _at_end(data, at)


def _at_end(data: bytes, at: int) -> None:
    if at < len(data):
        raise DecodeError(None, at, f"the end, not {len(data) - at} more bytes")


def _split_tagged(layout: Layout, data: bytes) -> Iterator[Part]:
    at = 0
    if layout.head is not None and data:
        value, at = _take(_head(layout.head), data, at)
        yield Part(None, value)
    take = _take_length_first if layout.length_first else _take_tag_first
    while at < len(data):
        part, at = take(layout, data, at)
        yield part


def _take_tag_first(layout: Layout, data: bytes, at: int) -> tuple[Part, int]:
    number = _read_tag(layout.tag, data, at)
    value, end = _take(_known(layout, number), data, at + layout.tag.bytes)
    return Part(number, value), end


def _take_length_first(layout: Layout, data: bytes, at: int) -> tuple[Part, int]:
    """Read a part as if its length stood behind its tag, and counted the value alone."""
    probe, tag_bytes = _probe(layout.length), layout.tag.bytes
    whole, end = _take(probe, data, at)
    assert isinstance(whole, bytes), "it was read as bytes"
    try:
        number = _read_tag(layout.tag, whole, 0)
        framed = _put(probe, whole[tag_bytes:])
        value, used = _take(_known(layout, number), framed, 0)
    except DecodeError as error:
        raise DecodeError(None, at, error.expected) from None
    if used < len(framed):
        raise DecodeError(None, at, "a value of the length that is said")
    return Part(number, value), end


def _split_ber(layout: Layout, data: bytes) -> Iterator[Part]:
    for one in tlv.parse(data):
        number = int(one.tag, 16)
        known = _known(layout, number)
        framed = len(one.value).to_bytes(_OWN_LENGTH.width, "big") + one.value
        yield Part(number, _take(known, framed, 0)[0])


# Building --------------------------------------------------------------------------------------


def _build_in_turn(layout: Layout, parts: tuple[Part, ...]) -> bytes:
    wanted = [part.number for part in layout.parts][: len(parts)]
    if [part.number for part in parts] != wanted:
        raise EncodeError(None, "the parts in their turn; those at the end may be missing")
    return b"".join(_put(_single(layout, part.number), part.value) for part in parts)


def _build_bitmapped(layout: Layout, parts: tuple[Part, ...]) -> bytes:
    bits, written, last = 0, b"", 0
    for part in parts:
        number = part.number or 0
        if number not in _rows(layout) or number <= last:
            raise EncodeError(part.number, "a part of the layout, the lower number first")
        bits |= 1 << (8 * layout.bitmap - number)
        written += _put(_single(layout, number), part.value)
        last = number
    return bits.to_bytes(layout.bitmap, "big") + written


def _build_tagged(layout: Layout, parts: tuple[Part, ...]) -> bytes:
    written: list[bytes] = []
    for place, part in enumerate(parts):
        if part.number is None:
            if layout.head is None or place:
                raise EncodeError(None, "a tag for each part")
            written.append(_put(_head(layout.head), part.value))
            continue
        if layout.head is not None and not place:
            raise EncodeError(None, "what stands before the tags")
        tag = _write_tag(layout.tag, part.number)
        value = _put(_known(layout, part.number), part.value)
        written.append(_tag_within(layout, tag, value) if layout.length_first else tag + value)
    return b"".join(written)


def _tag_within(layout: Layout, tag: bytes, value: bytes) -> bytes:
    return _put(_probe(layout.length), tag + value[layout.length.bytes :])


def _build_ber(layout: Layout, parts: tuple[Part, ...]) -> bytes:
    written: list[tlv.Tlv] = []
    for part in parts:
        if part.number is None:
            raise EncodeError(None, "a tag for each part")
        value = _put(_known(layout, part.number), part.value)[_OWN_LENGTH.bytes :]
        tag = f"{part.number:X}"
        written.append(tlv.Tlv(tag.zfill(len(tag) + len(tag) % 2), value))
    return tlv.build(written)


# Tags ------------------------------------------------------------------------------------------


def _read_tag(tag: Prefix, data: bytes, at: int) -> int:
    raw = data[at : at + tag.bytes]
    if tag.coding is Coding.BYTES:
        kind, number = "bytes", int.from_bytes(raw, "big")
    elif tag.coding in _HEX:
        text = raw.decode(tag.coding.charset, "replace")
        kind, number = "hexadecimal characters", int(text, 16) if _is_hex(text) else -1
    else:
        packed = tag.coding is Coding.PACKED
        text = raw.hex() if packed else raw.decode(tag.coding.charset, "replace")
        kind, number = "digits", int(text) if text.isascii() and text.isdigit() else -1
    if number < 0 or len(raw) < tag.bytes:
        raise DecodeError(None, at, f"a tag of {tag.width} {kind}")
    return number


def _is_hex(text: str) -> bool:
    """Say whether these are digits and capitals, as they are written."""
    return bool(text) and not text.strip("0123456789ABCDEF")


def _write_tag(tag: Prefix, number: int) -> bytes:
    try:
        if tag.coding is Coding.BYTES:
            return number.to_bytes(tag.width, "big")
        if tag.coding in _HEX:
            text = f"{number:0{tag.width}X}"
        else:
            text = f"{number:0{2 * tag.bytes if tag.coding is Coding.PACKED else tag.width}d}"
        raw = (
            bytes.fromhex(text) if tag.coding is Coding.PACKED else text.encode(tag.coding.charset)
        )
    except (ValueError, OverflowError):
        raw = b""
    if len(raw) != tag.bytes:
        raise EncodeError(number, f"a tag of {tag.width}")
    return raw


_SPLIT: Final[Mapping[Arranged, Callable[[Layout, bytes], Iterator[Part]]]] = {
    Arranged.IN_TURN: _split_in_turn,
    Arranged.TAGGED: _split_tagged,
    Arranged.BER_TLV: _split_ber,
    Arranged.BITMAPPED: _split_bitmapped,
}
_BUILD: Final[Mapping[Arranged, Callable[[Layout, tuple[Part, ...]], bytes]]] = {
    Arranged.IN_TURN: _build_in_turn,
    Arranged.TAGGED: _build_tagged,
    Arranged.BER_TLV: _build_ber,
    Arranged.BITMAPPED: _build_bitmapped,
}
