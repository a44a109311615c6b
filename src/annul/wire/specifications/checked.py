"""Whether a dialect reads what it writes, and writes samples as they stand: field by field."""

from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from typing import Final

from annul.wire.codec import Codec, Message, Value
from annul.wire.dialect import Dialect
from annul.wire.dump import split_dump
from annul.wire.errors import DecodeError, EncodeError
from annul.wire.field import Arranged, Content, Field, Layout
from annul.wire.nested import Part, build, split

_MTI: Final = "0200"
_DIGITS: Final = "1234567890"
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789"
_LONG: Final = 300  # units of a generated value, at most


def generated(dialect: Dialect) -> Iterator[tuple[str, Mapping[int, Value]]]:
    """Give messages: each field alone at its shortest and its longest, then all together."""
    whole: dict[int, Value] = {}
    for number, row in sorted(dialect.fields.items()):
        for value in dict.fromkeys(_values(row)):
            yield f"field {number}, {len(value)} long", {number: value}
            whole[number] = value
    yield "all fields", whole


def check_fields(codec: Codec, fields: Mapping[int, Value]) -> str:
    """Write a message and read it again; say the first difference, nothing when there is none."""
    try:
        message = codec.decode(codec.encode(_MTI, fields))
        message.check()
    except (EncodeError, DecodeError) as error:
        return str(error)
    for number, value in fields.items():
        if message.get(number) != value:
            return f"field {number} is read in another way than it was written"
    return _parts_fault(message)


def check_sample(codec: Codec, raw: bytes) -> str:
    """Read a sample and write it again; say the first difference, nothing when there is none."""
    try:
        message = _read(codec, raw)
        message.check()
        written = codec.encode(message.mti, message.fields())
    except (EncodeError, DecodeError) as error:
        return str(error)
    if written != message.raw:
        return _first_difference(codec, message, written)
    return _parts_fault(message)


def _read(codec: Codec, raw: bytes) -> Message:
    try:
        return codec.decode(raw)
    except DecodeError:
        body = split_dump(raw).body
        if body == raw:
            raise
        return codec.decode(body)


def _first_difference(codec: Codec, message: Message, written: bytes) -> str:
    """Name the first field that is written otherwise than it stands; no value is said."""
    try:
        again = codec.decode(written)
    except DecodeError as error:
        return str(error)
    for number in message.numbers:
        if message.bytes_of(number) != again.bytes_of(number):
            return f"field {number} is written in another way than it stands there"
    if message.bitmap != again.bitmap:
        return "the bitmap is written in another way than it stands there"
    return "a length is written in another way than it stands there"


def _parts_fault(message: Message) -> str:
    for number in message.numbers:
        row = message.dialect.fields[number]
        if row.layout is None:
            continue
        value = message[number]
        try:
            if build(row, split(row, value)) != value:
                return f"the parts of field {number} are written in another way than they stand"
        except (DecodeError, EncodeError) as error:
            return str(error)
    return ""


# Values ----------------------------------------------------------------------------------------


def _values(row: Field) -> Iterator[Value]:
    if row.layout is not None:
        yield from _with_parts(row, row.layout)
        return
    largest = min(row.size, _LONG)
    yield _value(row, row.size if row.fixed else min(1, largest))
    if not row.fixed:
        yield _value(row, largest)


def _value(row: Field, units: int) -> Value:
    match row.content:
        case Content.BINARY:
            return bytes(islice(cycle(range(1, 256)), units))
        case Content.SIGNED:
            return "D" + "".join(islice(cycle(_DIGITS), max(units, 2) - 1))
        case Content.TRACK:
            digits = "".join(islice(cycle(_DIGITS), units))
            return digits[: units // 2] + "D" + digits[units // 2 + 1 :] if units > 2 else digits
        case Content.DIGITS:
            return "".join(islice(cycle(_DIGITS), units))
        case Content.TEXT:
            return "".join(islice(cycle(_LETTERS), units))


def _with_parts(row: Field, layout: Layout) -> Iterator[Value]:
    """Give a value of one part, then of as many as there is room for."""
    head = [] if layout.head is None else [Part(None, _value_of(layout.head, layout))]
    parts = [Part(part.number, _value_of(part, layout)) for part in layout.parts]
    for count in sorted({1, len(parts)}):
        try:
            value = build(row, [*head, *parts[:count]])
        except EncodeError:
            continue
        if len(value) == row.size or (not row.fixed and len(value) < row.size):
            yield value


def _value_of(part: Field, layout: Layout) -> Value:
    if part.layout is not None:
        nested = next(_with_parts(part, part.layout), None)
        if nested is not None:
            return nested
    behind = layout.arranged in {Arranged.TAGGED, Arranged.BER_TLV}
    exact = part.fixed and not behind
    return _value(part, part.size if exact else min(part.size, 4))
