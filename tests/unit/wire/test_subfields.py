"""Fields that are messages in themselves."""

import pytest

from annul.wire.errors import DecodeError
from annul.wire.subfields import (
    Field48Totals,
    Field53,
    Field59,
    Field60,
    Field61,
    Field62Terminal,
    Field63,
)


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        (Field60, "22000001000"),
        (Field60, "22000001000500000"),
        (Field60, "00"),
        (Field61, "000001000002"),
        (Field61, "0000010000021123"),
        (Field53, "2600000000000000"),
        (Field63, "CUP余额不足"),
        (Field63, "001"),
    ],
)
def test_parts_come_together_again(layout, text: str) -> None:
    assert layout.parse(text).build() == text


def test_parts_have_their_names() -> None:
    field = Field60.parse("22000041000")
    assert (field.function, field.batch, field.network, field.reader) == ("22", "000041", "000", "")


@pytest.mark.parametrize(
    ("layout", "text"), [(Field60, "2200004"), (Field60, "2" * 18), (Field61, "00000")]
)
def test_a_part_that_is_cut_or_too_long_is_refused(layout, text: str) -> None:
    with pytest.raises(DecodeError):
        layout.parse(text)


def test_totals_of_a_settlement() -> None:
    totals = Field48Totals(123_456, 7, 1_000, 1, "1", foreign_result="2")
    text = totals.build()
    assert len(text) == 62
    assert (text[30], text[61]) == ("1", "2")
    assert Field48Totals.parse(text) == totals
    with pytest.raises(DecodeError):
        Field48Totals.parse(text[:-1])


def test_data_objects_of_a_qr_payment() -> None:
    field = Field59((("A3", b"6290000000000004"), ("A5", "茶".encode("gbk"))))
    assert Field59.parse(field.build()) == field
    assert field.get("A3") == b"6290000000000004"
    assert field.get("A4") == b""
    for broken in (b"A3", b"A3016123", b"??001x", b"A3xx1"):
        with pytest.raises(DecodeError):
            Field59.parse(broken)


def test_serial_number_of_a_terminal() -> None:
    assert Field62Terminal.parse(Field62Terminal("42").build()).serial == "42"
    with pytest.raises(DecodeError):
        Field62Terminal.parse(b"something else")
