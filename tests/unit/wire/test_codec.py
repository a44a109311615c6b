"""Messages from bytes and to bytes, and what is said of those that are wrong."""

from dataclasses import replace
from typing import Any

import pytest

from annul.wire import codec as module
from annul.wire.codec import Codec
from annul.wire.dialect import Dialect, table
from annul.wire.dialects import CUPS, DIALECTS, ISO87_ASCII, ISO87_BINARY, UNIONPAY_POS
from annul.wire.dialects.vendor import OVERRIDES
from annul.wire.errors import DecodeError, DialectError, EncodeError
from annul.wire.field import LL, Content, Field, Pad

PAN = "6200010000000007"
POS = Codec(UNIONPAY_POS)
SALE = {2: PAN, 3: "000000", 4: "000000010000", 11: "000123", 35: f"{PAN}D3012201", 41: "10000001"}


def test_values_are_decoded_when_asked_for_and_kept() -> None:
    message = POS.decode(POS.encode("0200", SALE))
    assert message.mti == "0200"
    assert message.numbers == tuple(SALE)
    assert message[11] == "000123"
    assert message[11] is message[11]
    assert message.get(64) is None
    assert 4 in message
    assert 64 not in message
    assert message.fields() == SALE


def test_order_of_the_given_fields_does_not_matter() -> None:
    assert POS.encode("0200", SALE) == POS.encode("0200", dict(reversed(SALE.items())))


def test_odd_digits_are_filled_as_the_table_says() -> None:
    body = POS.encode("0200", {2: "620001000000000", 22: "021", 23: "007"})
    assert body.hex().endswith("15" + "6200010000000000" + "0210" + "0007")
    assert POS.decode(body).fields() == {2: "620001000000000", 22: "021", 23: "007"}


def test_chinese_is_gbk() -> None:
    body = POS.encode("0210", {63: "CUP余额不足"})
    assert "余额不足".encode("gbk") in body
    assert POS.decode(body)[63] == "CUP余额不足"


@pytest.mark.parametrize("dialect", [CUPS, ISO87_ASCII, ISO87_BINARY], ids=lambda d: d.name)
def test_a_second_bitmap_is_written_when_it_is_needed(dialect) -> None:
    codec = Codec(dialect)
    without, with_it = codec.encode("0800", {11: "000001"}), codec.encode("0800", {70: "301"})
    assert codec.decode(without).numbers == (11,)
    assert codec.decode(with_it).fields() == {70: "301"}
    assert len(with_it) > len(without)


def test_an_override_replaces_one_row() -> None:
    codec = Codec(UNIONPAY_POS.override(OVERRIDES["track2_f"]))
    track = f"{PAN}D30122010"[:-1] + "12"
    odd = track if len(track) % 2 else track + "3"
    body = codec.encode("0200", {35: odd})
    assert body.hex().endswith("f")
    assert codec.decode(body)[35] == odd
    assert POS.decode(body)[35] == odd
    assert POS.encode("0200", {35: odd}).hex().endswith("0")


@pytest.mark.parametrize(
    ("hexadecimal", "field", "words"),
    [
        ("", None, "at least"),
        ("0200", None, "at least"),
        ("02AF4000000000000000", None, "message type"),
        ("02004000000000000000" + "19" + "62000100", 2, "10 bytes"),
        ("02004000000000000000" + "20" + "62" * 10, 2, "a length up to 19"),
        ("02004000000000000000" + "1A" + "62" * 10, 2, "a length up to 19"),
        ("02002000000000000000" + "00000F", 3, "digits"),
        ("02002000000000000000" + "000000" + "00", None, "the end"),
        ("02000000000000000001", 64, "8 bytes"),
        ("02000000000000008000" + "3A3A", None, ""),
    ],
)
def test_what_is_wrong_is_said_with_its_place(hexadecimal: str, field: int, words: str) -> None:
    with pytest.raises(DecodeError) as caught:
        POS.decode(bytes.fromhex(hexadecimal)).check()
    if words:
        assert caught.value.field == field
        assert words in str(caught.value)


def test_an_error_never_carries_card_data() -> None:
    body = POS.encode("0200", SALE)
    for cut in range(10, len(body)):
        with pytest.raises(DecodeError) as caught:
            POS.decode(body[:cut]).check()
        assert "62000" not in str(caught.value)
        assert "62000" not in repr(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (3, "00000"),
        (3, "0000000"),
        (3, "00000A"),
        (2, "6" * 20),
        (41, "1234567é"),
        (64, "A1B2C3D4"),
        (64, b"short"),
        (4, 100),
        (35, "1234=5678"),
        (9, "1"),
    ],
)
def test_a_wrong_value_is_refused_with_its_number(field: int, value: object) -> None:
    with pytest.raises(EncodeError) as caught:
        POS.encode("0200", {field: value})  # type: ignore[dict-item]
    assert caught.value.field == field
    assert str(value) not in str(caught.value) or field in {9, 4}


@pytest.mark.parametrize("mti", ["02X0", "", "02000", "²²²²", None, 200, b"0200", [], {}])
@pytest.mark.parametrize("codec", [POS, Codec(CUPS)], ids=lambda codec: codec.dialect.name)
def test_a_wrong_message_type_is_refused(codec: Codec, mti: Any) -> None:
    with pytest.raises(EncodeError):
        codec.encode(mti, {})


@pytest.mark.parametrize(
    "value",
    [None, True, 0, 8, -1, 10**12, 10**30, 1.5, [], [1] * 8, (1,) * 8, {}, set(), range(8),
     object(), ["1"] * 6, "\ud800", "²" * 8, "١٢٣٤٥٦", str],
)  # fmt: skip
@pytest.mark.parametrize("name", DIALECTS)
def test_odd_values_are_refused_and_nothing_else_happens(name: str, value: Any) -> None:
    codec = Codec(DIALECTS[name])
    for number in codec.dialect.fields:
        with pytest.raises(EncodeError) as caught:
            codec.encode("0200", {number: value})
        assert caught.value.field == number


@pytest.mark.parametrize(
    "fields",
    [
        {"3": "0"},
        {"3": "0", 3: "000000"},
        {(3,): "0", 3: "0"},
        {None: "0"},
        {True: "0"},
        {129: "0"},
        {-1: "0"},
        {10**40: "0"},
        {1: "0"},
        {65: "0"},
    ],
)
def test_odd_numbers_of_fields_are_refused(fields: Any) -> None:
    for codec in (POS, Codec(CUPS), Codec(ISO87_ASCII)):
        with pytest.raises(EncodeError):
            codec.encode("0200", fields)
        with pytest.raises(EncodeError):
            codec.encode_unsigned("0200", fields)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_binary_may_be_any_kind_of_bytes(kind: type) -> None:
    assert POS.encode("0200", {52: kind(b"12345678")})[10:] == b"12345678"


_TEXTS = [
    (name, number)
    for name, dialect in DIALECTS.items()
    for number, field in dialect.fields.items()
    if field.content is Content.TEXT
]


@pytest.mark.parametrize(("name", "number"), _TEXTS)
def test_text_with_a_nul_is_refused(name: str, number: int) -> None:
    codec = Codec(DIALECTS[name])
    field = codec.dialect.fields[number]
    size = field.size if field.fixed else 2
    stan = {} if number < 11 else {11: "000123"}
    good = codec.encode("0200", stan | {number: "\x01" * size})  # other controls are text
    assert codec.decode(good)[number] == "\x01" * size
    bad = good[:-1] + b"\0"
    with pytest.raises(DecodeError) as caught:
        codec.decode(bad).check()
    assert caught.value.field == number
    with pytest.raises(DecodeError) as caught:
        codec.decode(bad)[number]
    assert caught.value.field == number
    assert codec.decode(bad).readable() == stan
    with pytest.raises(EncodeError) as refused:
        codec.encode("0200", {number: "\x01" * (size - 1) + "\0"})
    assert refused.value.field == number


def test_a_nul_among_neighbours_is_named_by_its_field() -> None:
    fields = {37: "1" * 12, 38: "2" * 6, 39: "00", 41: "3" * 8, 42: "4" * 15, 49: "156"}
    body = POS.encode("0210", fields)
    for number, value in fields.items():
        bad = body.replace(value.encode(), b"\0" * len(value))
        with pytest.raises(DecodeError) as caught:
            POS.decode(bad).check()
        assert caught.value.field == number
        with pytest.raises(EncodeError) as refused:
            POS.encode("0210", {**fields, number: "\0" * len(value)})
        assert refused.value.field == number
    assert POS.decode(POS.encode("0210", {52: bytes(8), 62: b"a\0"}))[62] == b"a\0"


def test_a_field_that_does_not_decode_is_named_when_it_is_asked_for() -> None:
    with pytest.raises(DecodeError) as caught:
        POS.decode(bytes.fromhex("02002000000000000000" + "00000F"))[3]
    assert (caught.value.field, caught.value.offset) == (3, 10)
    assert "digits" in str(caught.value)


def test_a_mac_may_be_missing_only_at_the_end() -> None:
    rows = [
        Field(11, Content.DIGITS, 6),
        Field(64, Content.BINARY, 8),
        Field(70, Content.TEXT, 9, LL),
        Field(71, Content.DIGITS, 16),
    ]
    codec = Codec(Dialect("odd", table(*rows), secondary=True))
    body = codec.encode("0800", {11: "000001", 64: bytes(8), 70: "", 71: "1" * 16})
    with pytest.raises(DecodeError):
        codec.decode(body[:-8], missing_mac=True)


def test_a_dialect_names_what_its_bitmap_can() -> None:
    with pytest.raises(DialectError, match="dialect odd, field 70"):
        Dialect("odd", table(Field(64, Content.BINARY, 8), Field(70, Content.DIGITS, 3)))
    with pytest.raises(DialectError, match="MAC"):
        Dialect("no mac", table(Field(3, Content.DIGITS, 6)))
    with pytest.raises(DialectError, match="field 52"):
        replace(UNIONPAY_POS, mac_fields=(3, 52))


def test_a_mac_may_follow_or_be_missing() -> None:
    unsigned = POS.encode_unsigned("0200", SALE)
    signed = POS.encode("0200", {**SALE, 64: b"A1B2C3D4"})
    assert unsigned + b"A1B2C3D4" == signed
    assert not POS.decode(signed).lacks_mac
    short = POS.decode(unsigned, missing_mac=True)
    assert short.lacks_mac
    assert short.fields() == SALE
    with pytest.raises(DecodeError):
        POS.decode(unsigned)


def test_leftover_bytes_are_kept_when_asked() -> None:
    body = POS.encode("0200", {11: "000001"})
    message = POS.decode(body + b"\x01\x02", leftover=True)
    assert (message.fields(), message.leftover) == ({11: "000001"}, b"\x01\x02")


def test_salvage_reads_up_to_the_fault() -> None:
    body = POS.encode("0200", SALE)
    with pytest.raises(DecodeError):
        POS.decode(body[:-3])
    found = POS.salvage(body[:-3])
    assert found is not None
    assert (found.mti, found[11]) == ("0200", "000123")
    assert found.broken is not None
    assert found.broken.field not in found
    assert POS.salvage(b"\xff") is None


def test_salvage_ends_before_a_field_that_the_dialect_lacks() -> None:
    plain = Codec(replace(UNIONPAY_POS, fields={n: UNIONPAY_POS.fields[n] for n in (3, 11, 64)}))
    found = plain.salvage(POS.encode("0200", SALE))
    assert found is not None
    assert found.broken is not None
    assert "no such field" in str(found.broken)


def test_a_field_that_nobody_asks_for_spoils_nothing() -> None:
    body = bytearray(POS.encode("0210", {11: "000123", 39: "00", 46: "abc", 63: "CUP"}))
    at = body.index(b"abc")
    body[at : at + 3] = "é€".encode("latin-1", "replace")[:1] + b"\xff\xfe"
    message = POS.decode(bytes(body))
    assert message.readable() == {11: "000123", 39: "00", 63: "CUP"}
    assert list(message.faults) == [46]
    assert (message[39], message.get(63), 46 in message) == ("00", "CUP", True)
    for ask in (message.fields, message.check, lambda: message[46], lambda: message.get(46)):
        with pytest.raises(DecodeError) as caught:
            ask()
        assert caught.value.field == 46
    assert message.bytes_of(46) == b"\xe9\xff\xfe"
    assert message.pick((39, 46)) == {39: "00"}


@pytest.mark.parametrize("fill", "0f")
def test_odd_digits_are_taken_with_either_filling(fill: str) -> None:
    for number, digits in ((2, "623456789"), (22, "021"), (35, "6234D30"), (60, "22000")):
        other = replace(UNIONPAY_POS.fields[number], pad=Pad.RIGHT_F)
        codec = Codec(UNIONPAY_POS.override([other])) if fill == "f" else POS
        body = codec.encode("0200", {3: "000000", 4: "000000000001", number: digits})
        assert POS.decode(body).fields()[number] == digits


def test_a_second_bitmap_that_names_nothing_is_taken() -> None:
    body = bytearray(POS.encode("0200", {3: "000000"}))
    body[2] |= 0x80
    assert POS.decode(bytes(body[:10]) + bytes(8) + bytes(body[10:])).fields() == {3: "000000"}


def test_thousands_of_bitmaps_do_not_compile_without_end() -> None:
    codec = Codec(ISO87_ASCII)
    numbers = [n for n in range(2, 40) if ISO87_ASCII.fields[n].content is Content.DIGITS]
    for mask in range(1, 1 << 11):
        fields = {
            number: "1" * ISO87_ASCII.fields[number].size
            for bit, number in enumerate(numbers[:11])
            if mask >> bit & 1
        }
        assert codec.decode(codec.encode("0200", fields)).fields() == fields
    assert len(codec._shapes) <= module.HEADS + module.ORDERS


def test_a_table_names_a_field_once() -> None:
    for dialect in DIALECTS.values():
        assert all(number == field.number for number, field in dialect.fields.items())
    with pytest.raises(AssertionError):
        table(Field(2, Content.DIGITS, 19), Field(2, Content.DIGITS, 12))


def test_repr_shows_no_value() -> None:
    assert PAN not in repr(POS.decode(POS.encode("0200", SALE)))
