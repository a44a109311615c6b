"""Message type and bitmaps, in every coding."""

from dataclasses import replace

import pytest

from annul.wire.codec import Codec
from annul.wire.dialects import CUPS, ISO87_ASCII, UNIONPAY_POS
from annul.wire.errors import DecodeError, DialectError, EncodeError
from annul.wire.field import Coding
from annul.wire.head import Head

_EBCDIC = replace(ISO87_ASCII, mti=Coding.EBCDIC, bitmap=Coding.HEX_EBCDIC)


@pytest.mark.parametrize("dialect", [UNIONPAY_POS, ISO87_ASCII, _EBCDIC])
@pytest.mark.parametrize("numbers", [[3, 11], [3, 64], [3, 70, 128]])
def test_what_is_written_is_read(dialect: object, numbers: list[int]) -> None:
    assert isinstance(dialect, type(UNIONPAY_POS))
    head = Head(dialect)
    bitmap = head.bitmap_of(numbers)
    raw = head.write_mti("0210") + head.write_bitmap(bitmap)
    mti, read, start = head.read(raw + b"rest")
    assert (mti, read, start) == ("0210", bitmap, len(raw))
    assert head.numbers(read) == numbers
    assert head.size(bitmap) == len(raw)


def test_a_bitmap_in_lower_case_is_read_too() -> None:
    head = Head(ISO87_ASCII)
    assert head.read(b"0800" + b"a220000000000000" + b"0" * 16)[1].hex() == "a2200000" + "0" * 24


@pytest.mark.parametrize("raw", [b"08", b"08X0" + b"0" * 16, b"0800" + b"2 20000000000000"])
def test_what_is_no_head_is_refused(raw: bytes) -> None:
    with pytest.raises(DecodeError):
        Head(ISO87_ASCII).read(raw)


@pytest.mark.parametrize("mti", ["²²²²", "02000", ""])
def test_what_is_no_message_type_is_refused(mti: str) -> None:
    with pytest.raises(EncodeError):
        Head(ISO87_ASCII).write_mti(mti)


@pytest.mark.parametrize("coding", [Coding.ASCII, Coding.PACKED, Coding.EBCDIC])
@pytest.mark.parametrize("version", ["1", "2"])
def test_a_later_edition_begins_its_types_with_its_version(coding: Coding, version: str) -> None:
    codec = Codec(replace(CUPS, mti=coding, version=version))
    raw = codec.encode("0200", {11: "000001"})
    wire = f"{version}200"
    packed = bytes.fromhex(wire) if coding is Coding.PACKED else wire.encode(coding.charset)
    assert raw.startswith(packed)
    assert codec.decode(raw).mti == "0200"
    assert codec.encode("0200", codec.decode(raw).fields()) == raw
    with pytest.raises(DecodeError, match=f"begins with {version}"):
        codec.decode(Codec(replace(CUPS, mti=coding)).encode("0200", {11: "000001"}))
    with pytest.raises(EncodeError):
        codec.encode(wire, {11: "000001"})


def test_there_are_three_editions() -> None:
    with pytest.raises(DialectError):
        replace(CUPS, version="3")
