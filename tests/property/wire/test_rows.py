"""Any row that a dialect may have: what it writes is what it reads, alone and among neighbours."""

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from annul.wire.codec import Codec
from annul.wire.dialect import Dialect, table
from annul.wire.errors import DecodeError
from annul.wire.field import (
    CODINGS,
    FIXED,
    LENGTHS,
    Coding,
    Content,
    Counts,
    Field,
    Pad,
    Prefix,
)
from tests.support.wire_messages import values

_MAC = Field(128, Content.BINARY, 8)


@st.composite
def prefixes(draw: st.DrawFn) -> Prefix:
    coding = draw(st.sampled_from(LENGTHS))
    widest = 2 if coding is Coding.BYTES else 6
    width = draw(st.integers(1, widest))
    return Prefix(width, coding, draw(st.sampled_from(Counts)))


@st.composite
def rows(draw: st.DrawFn, number: int) -> Field:
    """Draw a row; one whose length counts bytes of packed digits tells odd ones by their F."""
    content = draw(st.sampled_from(Content))
    coding = draw(st.sampled_from(CODINGS[content]))
    prefix = draw(st.one_of(st.just(FIXED), prefixes()))
    pad = draw(st.sampled_from(Pad))
    if coding is Coding.PACKED and prefix.counts is Counts.WIRE:
        assume(pad in {Pad.RIGHT_F, Pad.LEFT_F})
    size = draw(st.integers(2, 40))
    assume(prefix is FIXED or prefix.largest >= 2 * size)
    separator = draw(st.sampled_from("D="))
    return Field(number, content, size, prefix, coding, pad, separator=separator)


@st.composite
def dialects(draw: st.DrawFn) -> Dialect:
    numbers = draw(st.sets(st.integers(2, 127), min_size=1, max_size=6))
    return Dialect(
        "drawn",
        table(*(draw(rows(number)) for number in sorted(numbers)), _MAC),
        mti=draw(st.sampled_from((Coding.PACKED, Coding.ASCII, Coding.EBCDIC))),
        bitmap=draw(st.sampled_from((Coding.BYTES, Coding.HEX, Coding.HEX_EBCDIC))),
        secondary=True,
        mac_field=128,
    )


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read(data: st.DataObject) -> None:
    dialect = data.draw(dialects())
    fields = {number: data.draw(values(row)) for number, row in dialect.fields.items()}
    fast, slow = Codec(dialect), Codec(dialect, trusting=False)
    raw = fast.encode("0210", fields)
    assert raw == slow.encode("0210", fields, keep=False)
    for codec in (fast, slow):
        message = codec.decode(raw)
        assert (message.mti, message.fields()) == ("0210", fields)
        assert codec.sign(message.unsigned, _eight(fields[128])) == raw
    for number, value in fields.items():
        assert slow.decode(raw)[number] == value


def _eight(value: Any) -> bytes:
    assert isinstance(value, bytes)
    return value


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_any_bytes_are_read_or_refused(data: st.DataObject) -> None:
    dialect = data.draw(dialects())
    fields = {number: data.draw(values(row)) for number, row in dialect.fields.items()}
    codec = Codec(dialect, trusting=False)
    raw = bytearray(codec.encode("0210", fields, keep=False))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        message = codec.decode(bytes(raw))
    except DecodeError as error:
        assert error.expected
        found = codec.salvage(bytes(raw))
        assert found is None or found.broken
        return
    kept = message.readable()
    assert {*kept, *message.faults} == set(message.numbers)
    again = codec.decode(codec.encode(message.mti, kept, keep=False))
    assert again.readable() == kept
