"""The JSON specification of others: what each encoding, length and composite becomes."""

import json
from dataclasses import replace
from typing import Any

import pytest

from annul.wire.codec import Codec, Value
from annul.wire.field import Coding, Content, Counts, Field, Pad, Prefix
from annul.wire.nested import Part, split
from annul.wire.specifications.imported import Imported, SpecificationError
from annul.wire.specifications.message_json import read_json
from annul.wire.specifications.message_json_export import to_json

_MAC = {"type": "Binary", "length": 8, "enc": "Binary", "prefix": "Binary.Fixed"}


def _import(fields: dict[str, Any]) -> Imported:
    return read_json(json.dumps({"name": "theirs", "fields": {"64": _MAC, **fields}}), "brought")


def _described(type_: str, length: int, enc: str, prefix: str, **more: Any) -> dict[str, Any]:
    return {"type": type_, "length": length, "enc": enc, "prefix": prefix, **more}


_ZEROS = {"type": "Left", "pad": "0"}
_BLANKS = {"type": "Right", "pad": " "}


@pytest.mark.parametrize(
    ("described", "value", "expected"),
    [
        (_described("String", 3, "ASCII", "ASCII.Fixed"), "A1 ", b"A1 ".hex()),
        (_described("String", 4, "ASCII", "ASCII.Fixed", padding=_BLANKS), "A1", b"A1  ".hex()),
        (_described("Numeric", 4, "ASCII", "ASCII.Fixed", padding=_ZEROS), "12", b"0012".hex()),
        (_described("Numeric", 3, "BCD", "BCD.Fixed"), "123", "0123"),
        (_described("String", 3, "LBCD", "BCD.Fixed"), "123", "1230"),
        (_described("String", 19, "BCD", "BCD.LL"), "123", "030123"),
        (_described("String", 19, "ASCII", "Binary.L"), "AB", "024142"),
        (_described("String", 19, "EBCDIC", "EBCDIC.LLL"), "A", "f0f0f1c1"),
        (_described("Binary", 9, "Binary", "ASCII.LL"), b"\xab", "3031ab"),
        (_described("Hex", 2, "Binary", "Binary.Fixed"), b"\xab\xcd", "abcd"),
        (_described("Binary", 2, "HexToASCII", "Hex.Fixed"), b"\xab\xcd", b"ABCD".hex()),
        (_described("String", 2, "ASCIIToHex", "Hex.Fixed"), b"\xab\xcd", "abcd"),
        (_described("String", 9, "Binary", "BCD.LLLL"), "\xe9", "0001e9"),
    ],
)
def test_a_field_is_written(described: dict[str, Any], value: Value, expected: str) -> None:
    found = _import({"10": described})
    assert found.unsaid == ()
    raw = Codec(found.dialect).encode("0100", {10: value})
    assert raw[12:].hex() == expected


def test_tracks_have_their_separator() -> None:
    found = _import(
        {
            "35": _described("Track2", 37, "ASCII", "ASCII.LL"),
            "36": _described("String", 104, "ASCII", "ASCII.LLL"),
        }
    ).dialect
    assert [(row.content, row.separator) for n, row in found.fields.items() if n < 64] == [
        (Content.TRACK, "=")
    ] * 2


def test_type_and_bitmap() -> None:
    head = {
        "0": _described("String", 4, "BCD", "BCD.Fixed"),
        "1": _described("Bitmap", 8, "HexToASCII", "Hex.Fixed", disableAutoExpand=True),
    }
    dialect = _import(head).dialect
    assert (dialect.mti, dialect.bitmap, dialect.secondary) == (Coding.PACKED, Coding.HEX, False)
    head["1"].pop("disableAutoExpand")
    assert _import(head).dialect.secondary


def _composite(subfields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "Composite",
        "length": 99,
        "prefix": "ASCII.LLL",
        "subfields": subfields,
        **more,
    }


def test_parts_in_turn_behind_tags_and_of_chips() -> None:
    text = _described("String", 2, "ASCII", "ASCII.Fixed")
    lll = _described("String", 9, "ASCII", "ASCII.LL")
    ber = _described("Binary", 9, "Binary", "BerTLV")
    bitmap = _described("Bitmap", 1, "Binary", "Binary.Fixed", disableAutoExpand=True)
    found = _import(
        {
            "48": _composite({"1": text, "2": text}, tag={"sort": "StringsByInt"}),
            "49": _composite({"01": lll}, tag={"length": 2, "enc": "ASCII", "padding": _ZEROS}),
            "50": _composite({"A3": lll}, tag={"length": 2, "enc": "ASCII"}),
            "55": _composite({"9F26": ber}, tag={"enc": "BerTLVTag", "sort": "StringsByHex"}),
            "56": _composite({"3": text}, bitmap=bitmap),
        }
    )
    assert (found.rows, found.unsaid) == (12, ())
    row = found.dialect.fields
    assert split(row[48], b"ABCD") == (Part(1, "AB"), Part(2, "CD"))
    assert split(row[49], b"0103ABC") == (Part(1, "ABC"),)
    assert split(row[50], b"A303ABC") == (Part(0xA3, "ABC"),)
    assert split(row[55], bytes.fromhex("9F2601AA")) == (Part(0x9F26, b"\xaa"),)
    assert split(row[56], b"\x20AB") == (Part(3, "AB"),)


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        (_described("Own", 3, "ASCII", "ASCII.Fixed"), "the type Own"),
        (_described("String", 3, "EBCDIC1047", "ASCII.Fixed"), "the encoding EBCDIC1047"),
        (_described("String", 3, "ASCII", "Hex.LL"), "the prefix Hex.LL"),
        (_described("String", 3, "ASCII", "None.Fixed"), "the prefix None.Fixed"),
        (_described("String", 100, "ASCII", "ASCII.LL"), "field 10, size: at most 99"),
        (_described("String", 9, "ASCIIToHex", "ASCII.LL"), "the encoding ASCIIToHex"),
        (
            _described("String", 3, "ASCII", "ASCII.Fixed", padding={"type": "Left", "pad": " "}),
            "filled up with ' ' on the left",
        ),
        (_described("String", 9, "ASCII", "ASCII.LL", padding=_ZEROS), "a length before it, and"),
    ],
)
def test_what_has_no_words_is_listed(described: dict[str, Any], reason: str) -> None:
    (listed,) = _import({"10": described}).unsaid
    assert (listed.row, listed.reason.startswith(reason)) == ("10", True)


def test_parts_that_have_no_words_are_listed_and_the_field_stays() -> None:
    text, lll = (
        _described("String", 2, "ASCII", prefix) for prefix in ("ASCII.Fixed", "ASCII.LLL")
    )
    found = _import({"48": _composite({"1": text, "2": lll}, tag={"length": 1, "enc": "ASCII"})})
    assert [each.row for each in found.unsaid] == ["48.1", "48.2"]
    assert found.dialect.fields[48].layout is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no such JSON"),
        ("[]", "no such JSON"),
        ("{}", "fields: Field required"),
        ('{"fields": {"two": {"type": "String"}}}', "'two' is no number"),
        ('{"fields": {"02": {"type": "String"}}}', "'02' is no number"),
        ('{"fields": {"2": {"type": "String", "length": -1}}}', "fields.2.length"),
        ("[" * 100_000, "no such JSON"),
        (" " * 4_000_001, "4000000 characters"),
    ],
)
def test_what_is_no_specification_is_refused(text: str, said: str) -> None:
    with pytest.raises(SpecificationError, match=said):
        read_json(text, "brought")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (Field(28, Content.SIGNED, 9), "an amount with its sign"),
        (Field(43, Content.TEXT, 40, coding=Coding.GBK), "text in gbk"),
        (Field(2, Content.DIGITS, 19, Prefix(2), pad=Pad.RIGHT_F), "digits in packed, filled by"),
        (
            Field(2, Content.DIGITS, 19, Prefix(2, counts=Counts.WIRE), pad=Pad.RIGHT_F),
            "digits in packed, filled by",
        ),
    ],
)
def test_what_this_form_can_not_say_is_listed(row: Field, reason: str) -> None:
    dialect = _import({}).dialect
    dialect = replace(dialect, fields={**dialect.fields, row.number: row})
    (listed,) = to_json(dialect).unsaid
    assert listed.row == str(row.number)
    assert listed.reason.startswith(reason)
    assert str(row.number) not in json.loads(to_json(dialect).text)["fields"]
