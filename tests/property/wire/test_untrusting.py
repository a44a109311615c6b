"""A codec that is not trusting, before any bytes: nothing but `DecodeError`, and nothing kept."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annul.wire import codec as module
from annul.wire.codec import Codec, Message
from annul.wire.dialect import Dialect
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DecodeError, EncodeError
from annul.wire.shape import Shape
from tests.support.wire_messages import messages, random_message

from .mutations import mutated

SEED = 20_261_124
_JUNK = {name: Codec(dialect, trusting=False) for name, dialect in DIALECTS.items()}
_TRUSTING = {name: Codec(dialect) for name, dialect in DIALECTS.items()}
_CACHES = ("_heads", "_shapes", "_orders", "_mtis", "_kept")
_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.lists(st.text()),
    st.lists(st.integers(0, 255)),
    st.sets(st.integers()),
    st.dictionaries(st.text(), st.integers()),
    st.binary().map(bytearray),
    st.binary().map(memoryview),
    st.text("0123456789D\0 \n²１"),
)


def _head(dialect: Dialect) -> st.SearchStrategy[bytes]:
    """Give MTI and bitmaps that are almost or wholly right, so that fields are reached."""
    known = sorted(dialect.fields)
    sets = st.sets(st.one_of(st.sampled_from(known), st.integers(1, 128)), max_size=12)
    mti = (
        st.sampled_from([b"0200", b"0810", b"02A0"])
        if dialect.mti.value == "ascii"
        else (st.sampled_from([b"\x02\x00", b"\x08\x10", b"\x0a\x00"]))
    )

    def written(numbers: set[int]) -> bytes:
        bits = sum(1 << (128 - number) for number in numbers)
        both = bits.to_bytes(16, "big")
        bitmap = both if both[0] & 0x80 else both[:8]
        return bitmap.hex().upper().encode() if dialect.bitmap.value == "hex" else bitmap

    return st.tuples(mti, sets.map(written)).map(b"".join)


def _bodies(dialect: Dialect) -> st.SearchStrategy[bytes]:
    piece = st.one_of(
        st.binary(max_size=40),
        st.text("0123456789D \0", max_size=60).map(str.encode),
        st.sampled_from([b"\x00", b"\x01\x00", b"\x09\x99", b"\xff", b"00", b"999", b"\x81\x40"]),
    )
    tail = st.lists(piece, max_size=12).map(b"".join)
    return st.one_of(st.binary(max_size=300), st.tuples(_head(dialect), tail).map(b"".join))


def _used(message: Message) -> None:
    """Do with a message all that may be done; only `DecodeError` may come of it."""
    for number in message.numbers:
        try:
            assert isinstance(message[number], str | bytes)
        except DecodeError as error:
            assert error.field == number
    assert message.get(1) is None
    assert isinstance(message.lacks_mac, bool)
    assert message.raw.endswith(message.leftover)
    assert message.pick(range(129)) == message.readable()
    assert {*message.readable(), *message.faults} == set(message.numbers)


def _tried(codec: Codec, data: bytes) -> None:
    for options in ({}, {"leftover": True}, {"missing_mac": True}):
        try:
            _used(codec.decode(data, **options))
        except DecodeError as error:
            assert error.expected
    salvaged = codec.salvage(data)
    if salvaged is not None:
        _used(salvaged)
        assert salvaged.broken is not None
        texts = [value for value in salvaged.readable().values() if isinstance(value, str)]
        assert not any("\0" in text for text in texts)


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_bytes(name: str, data: st.DataObject) -> None:
    codec = _JUNK[name]
    body = data.draw(_bodies(codec.dialect))
    _tried(codec, body)
    assert [cache for cache in _CACHES if getattr(codec, cache)] == []


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_both_codecs_say_the_same(name: str, data: st.DataObject) -> None:
    loose, trusting = _JUNK[name], _TRUSTING[name]
    mti, fields = data.draw(messages(loose.dialect))
    raw = loose.encode(mti, fields, keep=False)
    assert raw == trusting.encode(mti, fields)
    assert loose.decode(raw).fields() == trusting.decode(raw).fields() == fields


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_odd_values(name: str, data: st.DataObject) -> None:
    codec = _JUNK[name]
    keys: Any = st.one_of(st.sampled_from(sorted(codec.dialect.fields)), st.integers(), st.text())
    fields = data.draw(st.dictionaries(keys, _ODD, max_size=4))
    mti: Any = data.draw(st.one_of(st.just("0200"), _ODD))
    for write in (codec.encode, codec.encode_unsigned):
        try:
            raw = write(mti, fields, keep=False)
        except EncodeError as error:
            assert error.expected
        else:
            read = codec.decode(raw, missing_mac=True)
            assert read.fields() == {n: _plain(value) for n, value in fields.items()}
    assert [cache for cache in _CACHES if getattr(codec, cache)] == []


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, bytearray | memoryview) else value


@pytest.mark.parametrize("name", DIALECTS)
def test_what_is_kept_is_bounded_for_each_source(name: str) -> None:
    random = Random(SEED)
    codec = Codec(DIALECTS[name], trusting=False)
    good = [codec.encode(*random_message(codec.dialect, random), keep=False) for _ in range(8)]
    for number in range(3_000):
        raw = codec.encode(*random_message(codec.dialect, random), keep=False)
        _tried(codec, mutated(raw, random))
        message = codec.decode(raw)
        values = message.fields()
        if number % 4 == 0:
            codec.keep(message, number % 3)
            assert codec.decode(raw).fields() == values, (SEED, number)
        if number == 1_500:
            for body in good:
                codec.keep(codec.decode(body), "good")
    assert max(map(len, codec._kept.values())) <= module.PER_SOURCE
    assert len(codec._heads) == sum(map(len, codec._kept.values()))
    assert len(codec._shapes) <= len(codec._heads) <= module.HEADS
    assert not codec._orders
    for body in good:
        assert isinstance(codec.decode(body)._shape, Shape)
