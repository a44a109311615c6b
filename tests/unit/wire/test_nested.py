"""Fields that are messages in themselves: what stands there, and what is said when it does not."""

from dataclasses import replace

import pytest

from annul.wire.errors import DecodeError, EncodeError
from annul.wire.field import Arranged, Coding, Content, Field, Layout, Prefix
from annul.wire.nested import Part, Value, build, row_of, split, tag_of

_ASCII_LLL = Prefix(3, Coding.ASCII)
_TEXT = Field(1, Content.TEXT, 20)
_IN_TURN = Layout(
    Arranged.IN_TURN,
    (
        Field(1, Content.DIGITS, 2, coding=Coding.ASCII),
        Field(2, Content.TEXT, 9, Prefix(1, Coding.ASCII)),
        Field(3, Content.TEXT, 2),
    ),
)
_TAGGED = Layout(
    Arranged.TAGGED,
    (Field(1, Content.DIGITS, 9, coding=Coding.ASCII), Field(7, Content.TEXT, 9)),
    tag=Prefix(2, Coding.ASCII),
    length=Prefix(2, Coding.ASCII),
)
_FIRST = replace(_TAGGED, length_first=True)
_CHIP = Layout(
    Arranged.BER_TLV,
    (Field(0x9F26, Content.BINARY, 8), Field(0x9A, Content.DIGITS, 6)),
)
_BITS = Layout(Arranged.BITMAPPED, (_TEXT, Field(9, Content.DIGITS, 4)), bitmap=2)


def _field(layout: Layout, content: Content = Content.TEXT) -> Field:
    return Field(48, content, 999, _ASCII_LLL, layout=layout)


def test_parts_in_turn_and_those_at_the_end_may_be_missing() -> None:
    field = _field(_IN_TURN)
    assert split(field, "123ABCXY") == (Part(1, "12"), Part(2, "ABC"), Part(3, "XY"))
    assert split(field, "123ABC") == (Part(1, "12"), Part(2, "ABC"))
    assert split(field, "") == ()
    assert build(field, split(field, "123ABC")) == "123ABC"


def test_digits_that_are_packed_are_taken_one_by_one() -> None:
    parts = (
        Field(1, Content.DIGITS, 2, coding=Coding.ASCII),
        Field(2, Content.DIGITS, 3, coding=Coding.ASCII),
    )
    field = Field(60, Content.DIGITS, 17, Prefix(3), layout=Layout(Arranged.IN_TURN, parts))
    assert split(field, "22001") == (Part(1, "22"), Part(2, "001"))
    assert build(field, (Part(1, "22"), Part(2, "001"))) == "22001"


def test_parts_behind_their_tags_in_any_order_and_more_than_once() -> None:
    field = _field(_TAGGED)
    value = "0702AB0103123" + "0701C" + "9902??"
    assert split(field, value) == (
        Part(7, "AB"),
        Part(1, "123"),
        Part(7, "C"),
        Part(99, b"??"),  # a tag that the layout does not know
    )
    assert build(field, split(field, value)) == value
    assert row_of(field, 99) is None


def test_data_objects_of_chips() -> None:
    field = _field(_CHIP, Content.BINARY)
    value = bytes.fromhex("9A03261126" + "9F2608" + "00" * 8 + "DF310101")
    assert split(field, value) == (
        Part(0x9A, "261126"),
        Part(0x9F26, bytes(8)),
        Part(0xDF31, b"\x01"),
    )
    assert build(field, split(field, value)) == value


def test_parts_that_a_bitmap_names() -> None:
    field = _field(_BITS, Content.BINARY)
    value = b"\x80\x80" + b"A" * 20 + b"\x12\x34"
    assert split(field, value) == (Part(1, "A" * 20), Part(9, "1234"))
    assert build(field, split(field, value)) == value


@pytest.mark.parametrize(
    ("layout", "value", "offset", "expected"),
    [
        (_IN_TURN, "1", 0, "2 bytes"),
        (_IN_TURN, "AB", 0, "digits"),
        (_IN_TURN, "12x", 2, "a length up to 9"),
        (_IN_TURN, "129AB", 3, "9 bytes"),
        (_IN_TURN, "120XY??", 5, "the end, not 2 more bytes"),
        (_TAGGED, "0", 0, "a tag of 2 digits"),
        (_TAGGED, "ab02AB", 0, "a tag of 2 digits"),
        (_TAGGED, "0709AB", 4, "9 bytes"),
        (_FIRST, "0207" + "0401AB", 4, "digits"),
        (_FIRST, "0107", 0, "a tag of 2 digits"),
        (_BITS, b"\x80", 0, "a bitmap of 2 bytes"),
        (_BITS, b"\x40\x00", 2, "no part 2"),
        (_CHIP, b"\x9f\x26", 0, "a whole tag"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    layout: Layout, value: Value, offset: int, expected: str
) -> None:
    field = _field(layout, Content.BINARY if isinstance(value, bytes) else Content.TEXT)
    with pytest.raises(DecodeError) as caught:
        split(field, value)
    assert caught.value.field == 48
    assert caught.value.offset == offset
    assert expected in caught.value.expected


@pytest.mark.parametrize(
    ("layout", "parts"),
    [
        (_IN_TURN, (Part(2, "ABC"),)),
        (_IN_TURN, (Part(1, "123"),)),
        (_TAGGED, (Part(None, "AB"),)),
        (_TAGGED, (Part(100, b"AB"),)),
        (_TAGGED, (Part(7, "A" * 10),)),
    ],
)
def test_what_can_not_be_written_is_refused(layout: Layout, parts: tuple[Part, ...]) -> None:
    with pytest.raises(EncodeError) as caught:
        build(_field(layout), parts)
    assert caught.value.field == 48


@pytest.mark.parametrize("parts", [(Part(9, "1234"), Part(1, "A" * 20)), (Part(2, "A"),)])
def test_a_bitmap_names_its_parts_once_and_upwards(parts: tuple[Part, ...]) -> None:
    with pytest.raises(EncodeError):
        build(_field(_BITS, Content.BINARY), parts)


def test_tags_are_written_as_people_do() -> None:
    in_hex = Layout(Arranged.TAGGED, (), tag=Prefix(2, Coding.HEX), length=_ASCII_LLL)
    assert [tag_of(layout, 7) for layout in (_TAGGED, _CHIP, _BITS, in_hex)] == [
        "07",
        "07",
        "7",
        "07",
    ]
    assert tag_of(_CHIP, 0x9F26) == "9F26"
