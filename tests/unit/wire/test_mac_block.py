"""What a MAC is over: the fields that the network's rules name, in the form that they say."""

from dataclasses import replace

import pytest

from annul.wire.codec import Codec
from annul.wire.dialects import CUPS, DIALECTS, ISO87_ASCII
from annul.wire.mac_block import MacBlock

_BLOCK = MacBlock(CUPS)
_SALE: dict[int, str | bytes] = {
    2: "6200000000000005", 3: "000000", 4: "000000012345", 7: "1123090203", 11: "004711",
    18: "5411", 22: "021", 25: "00", 28: "D00000100", 32: "48020000", 33: "48030000",
    37: "326000000017", 38: "a1b2C3", 39: "00", 41: "00000001", 42: "100000000000001", 49: "156",
    90: "0200" + "004710" + "1123090203" + "00048020000" * 2,
}  # fmt: skip


def _of(**fields: str) -> bytes:
    return _BLOCK.of("0200", {int(name[1:]): value for name, value in fields.items()}, b"")


def test_the_fields_that_the_rules_name_each_with_its_length() -> None:
    assert _BLOCK.of("0200", _SALE, b"") == (
        b"0200 166200000000000005 000000 000000012345 1123090203 004711 5411 00 D00000100"
        b" 0848020000 0848030000 A1B2C3 00 00000001 100000000000001"
        b" 020000471011230902030004802000000048020000"
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a,b.C  1", b"0200 A,B.C 1"),
        ("  T1    ", b"0200 T1"),
        ("T-1/2*3#", b"0200 T123"),
        (" " * 8, b"0200"),
        ("----    ", b"0200"),
    ],
)
def test_only_letters_digits_comma_point_and_single_blanks(value: str, said: bytes) -> None:
    assert _of(_41=value) == said


def test_a_blank_between_two_fields_is_one_also_beside_blanks() -> None:
    assert _of(_38="12    ", _41="  34    ") == b"0200 12 34"


def test_what_is_not_named_does_not_matter_and_order_does_not() -> None:
    said = _BLOCK.of("0200", _SALE, b"")
    assert _BLOCK.of("0200", _SALE | {37: "9" * 12, 49: "840", 22: "012"}, b"other") == said
    assert _BLOCK.of("0200", dict(reversed(_SALE.items())), b"") == said
    for number in (n for n in CUPS.mac_fields if n in _SALE):
        other = str(_SALE[number])[:-1] + "9"
        assert _BLOCK.of("0200", _SALE | {number: other}, b"") != said
    assert _BLOCK.of("0210", _SALE, b"") != said


def test_both_sides_say_the_same_of_a_message() -> None:
    codec = Codec(CUPS)
    message = codec.decode(codec.encode("0200", _SALE))
    assert _BLOCK.of(message.mti, message.fields(), b"") == _BLOCK.of("0200", _SALE, b"")


@pytest.mark.parametrize("name", sorted(set(DIALECTS) - {"cups"}))
def test_a_dialect_that_names_none_signs_the_whole_message(name: str) -> None:
    assert MacBlock(DIALECTS[name]).of("0200", _SALE, b"the whole message") == b"the whole message"


def test_named_fields_are_fields_of_their_dialect() -> None:
    assert set(CUPS.mac_fields) <= set(CUPS.fields)
    assert ISO87_ASCII.mac_fields == ()


def test_a_message_type_stands_in_it_as_on_the_wire() -> None:
    block = MacBlock(replace(CUPS, version="1"))
    assert block.of("0210", {39: "00"}, b"").startswith(b"1210 ")
