"""A message for people: named in both languages, masked, its parts beneath it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.wire import tlv
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.names import PARTS, name_of
from annul.wire.reading import codec_of, read
from annul.wire.show import as_json, masked, rows
from annul.wire.shown import FIELDS, QR_OBJECTS, TAG_RULES
from annul.wire.subfields import Field48Totals, Field59, Field63
from annul.wire.tlv import Tlv
from tests.support.wire_messages import values

PAN = "6200019876543217"
POS = Codec(DIALECTS["unionpay_pos"])
CHIP = tlv.build((Tlv("9F26", bytes(range(8))), Tlv("5A", bytes.fromhex(PAN)), Tlv("82", b"|\0")))
SALE = {
    2: PAN,
    3: "000000",
    22: "051",
    35: f"{PAN}D3012201",
    52: b"PINBLOCK",
    55: CHIP,
    59: Field59((("A3", PAN.encode()),)).build(),
    60: "22000001000500",
    61: "000001000002",
}


def test_parts_and_tags_are_named_in_both_languages() -> None:
    shown = {row.number: row for row in rows(POS.decode(POS.encode("0200", SALE)))}
    assert (shown["60.2"].zh, shown["60.2"].en, shown["60.2"].value) == (
        "批次号",
        "batch",
        "000001",
    )
    assert shown["61.2"].value == "000002"
    assert shown["55 9F26"].en == "application cryptogram"
    assert shown["55 9F26"].value == "0001020304050607"
    assert shown["2"].value == "620001******3217"


def test_card_data_is_shown_nowhere() -> None:
    message = POS.decode(POS.encode("0200", SALE))
    secrets = (PAN, PAN[6:12], b"PINBLOCK".hex().upper(), PAN.encode().hex().upper())
    for text in (str(rows(message)), json.dumps(as_json(message))):
        assert not any(secret in text for secret in secrets)
    assert as_json(message, clear=True)["fields"]["2"] == PAN  # type: ignore[index]


def test_fields_laid_out_in_another_way_are_shown_whole() -> None:
    odd = {55: b"\x9f", 59: b"?", 60: "2", 63: "X"}
    shown = [row.number for row in rows(POS.decode(POS.encode("0200", odd)))]
    assert shown == ["55", "59", "60", "63", "63.1"]


def test_keys_of_a_sign_in_are_not_shown() -> None:
    answer = POS.decode(POS.encode("0810", {62: bytes(range(40))}))
    assert rows(answer)[-1].value == "<40 bytes>"


def test_every_field_has_a_name() -> None:
    for dialect in DIALECTS.values():
        for number in dialect.fields:
            zh, en = name_of(number)
            assert not zh.isascii()
            assert en.isascii()


def test_every_part_has_a_name() -> None:
    from dataclasses import fields

    for layout, names in PARTS.items():
        assert len(names) == len(fields(layout))


def test_a_dump_is_read_with_or_without_what_stands_before_it() -> None:
    body = POS.encode("0200", SALE)
    head = bytes.fromhex("6000030000603100311000")
    for before in (b"", head, (len(body) + 11).to_bytes(2, "big") + head):
        reading = read(before + body, DIALECTS["unionpay_pos"])
        assert reading.message.fields() == SALE
        assert reading.overrides == ()


def test_a_vendor_variant_is_found_and_named() -> None:
    track = f"{PAN}D30122010"
    body = codec_of(DIALECTS["unionpay_pos"], ["track2_f"]).encode(
        "0200", {35: track if len(track) % 2 else track + "1"}
    )
    assert read(body, DIALECTS["unionpay_pos"]).overrides == ("track2_f",)


# Card data by whitelist ------------------------------------------------------------------------

CARD = "6200010000000007"
TRACK = f"{CARD}D30122010000012300000"
TRACK_1 = f"B{CARD}^ZHANG/SAN^30122010000012300000"
PACKED = bytes.fromhex(CARD)
PACKED_TRACK = bytes.fromhex(TRACK + "F" * (len(TRACK) % 2))
UPLOAD = "02" + "".join(f"00{n:06d}{CARD:>020}{100 * n:012d}" for n in (1, 2))
"""Two records of a batch upload, as sim/terminal/batch.py builds them."""


def _chip(*objects: tuple[str, bytes]) -> bytes:
    return tlv.build(Tlv(*one) for one in objects)


_RECORD = _chip(("57", PACKED_TRACK), ("5A", PACKED))
LEAKS: list[tuple[str, int, Any]] = [
    ("unionpay_pos", 2, CARD),
    ("unionpay_pos", 35, TRACK),
    ("unionpay_pos", 36, f"99{TRACK}"),
    ("unionpay_pos", 46, f"PI04{CARD}V0.0.3"),
    ("unionpay_pos", 47, CARD),
    ("unionpay_pos", 48, UPLOAD),
    ("unionpay_pos", 48, f"{CARD:0<62}"),
    ("unionpay_pos", 54, CARD),
    ("unionpay_pos", 55, _chip(("9F6B", PACKED_TRACK))),
    ("unionpay_pos", 55, _chip(("70", _RECORD))),
    ("unionpay_pos", 55, _chip(("70", _chip(("77", _RECORD), ("82", b"|\0"))))),
    ("unionpay_pos", 55, _chip(("BF0C", _chip(("A5", _chip(("70", _RECORD))))))),
    ("unionpay_pos", 55, _chip(("DF7F", PACKED))),
    ("unionpay_pos", 55, _chip(("DF7F", CARD.encode()))),
    ("unionpay_pos", 55, _chip(("9F24", CARD.encode()), ("86", PACKED), ("FF01", PACKED))),
    ("unionpay_pos", 55, _chip(("84", PACKED), ("91", PACKED), ("50", CARD.encode()))),
    ("unionpay_pos", 55, PACKED + bytes(7)),  # tags without values, as it happens
    ("unionpay_pos", 55, b"\x9f" + PACKED),  # no TLV at all
    ("unionpay_pos", 56, PACKED),
    ("unionpay_pos", 57, TRACK),
    ("unionpay_pos", 58, CARD),
    ("unionpay_pos", 59, Field59((("A2", CARD.encode()), ("A5", PACKED), ("62", b""))).build()),
    ("unionpay_pos", 59, Field59((("A3", CARD.encode()), ("A4", CARD.encode()))).build()),
    ("unionpay_pos", 59, CARD.encode()),
    ("unionpay_pos", 60, f"{CARD}0"),
    ("unionpay_pos", 60, f"2{CARD}"),
    ("unionpay_pos", 61, CARD),
    ("unionpay_pos", 61, f"{CARD}3012300000000"),
    ("unionpay_pos", 61, "6200010000010416"),  # its last digits make a date
    ("unionpay_pos", 62, f"ACTN{CARD}".encode()),
    ("unionpay_pos", 62, b"Sequence No" + CARD.encode()),
    ("unionpay_pos", 62, PACKED),
    ("unionpay_pos", 63, f"CUP卡号{CARD}余额不足"),
    ("unionpay_pos", 63, "CUP" + " ".join(CARD[n : n + 4] for n in range(0, 16, 4))),
    ("unionpay_pos", 64, PACKED),
    ("cups", 34, CARD),
    ("cups", 43, f"SHOP {CARD}".ljust(40)),
    ("cups", 45, TRACK_1),
    ("cups", 48, f"AA{CARD}"),
    ("cups", 57, f"AB{TRACK}"),
    ("cups", 60, CARD),
    ("cups", 61, f"{CARD}CVN123"),
    ("cups", 90, f"{CARD:0<42}"),
    ("cups", 95, f"{CARD:0<42}"),
    ("cups", 102, CARD),
    ("cups", 103, CARD),
    ("iso87_ascii", 86, CARD),
    ("iso87_ascii", 101, CARD),
    *(("cups", number, f"X{CARD}") for number in range(120, 128)),
    *(("iso87_binary", number, f"{CARD} {TRACK_1}") for number in (46, 60, 61, 62, 104, 120, 127)),
]


def _everything(dialect: str, fields: dict[int, Any]) -> list[str]:
    codec = Codec(DIALECTS[dialect])
    message = codec.decode(codec.encode("0200", fields))
    values = as_json(message)["fields"]
    assert isinstance(values, dict)
    kept = masked("0200", fields)
    return [*kept.values(), *map(str, values.values()), *(row.value for row in rows(message))]


def _carries(text: str, pan: str) -> bool:
    """Say whether a shown value gives a card number, in decimal or in hexadecimal."""
    close = text.replace(" ", "").replace("-", "")
    return any(
        secret in where
        for where in (text.upper(), close.upper())
        for secret in (pan, pan.encode().hex().upper())
    )


@pytest.mark.parametrize(("dialect", "number", "value"), LEAKS)
def test_a_card_is_shown_by_no_field(dialect: str, number: int, value: Any) -> None:
    card = "6200010000010416" if "0416" in str(value) else CARD
    for text in _everything(dialect, {number: value}):
        assert not _carries(text, card), text
        assert "D3012201" not in text
        assert "ZHANG" not in text


def test_what_the_table_does_not_name_shows_its_size() -> None:
    assert masked("0200", {105: "secret", 52: b"PINBLOCK", 58: ""}) == {
        "105": "<6 bytes>",
        "52": "<8 bytes>",
        "58": "<0 bytes>",
    }
    assert masked("0200", {3: "0000001234567890"}) == {"3": "<16 bytes>"}  # longer than its layout
    assert masked("0200", {63: PACKED}) == {"63": "<8 bytes>"}  # bytes where text is due


def test_an_upload_shows_its_count() -> None:
    assert masked("0320", {48: UPLOAD}) == {"48": "02 <80 bytes>"}
    assert masked("0320", {48: "0002"}) == {"48": "0002"}
    assert [row.number for row in rows(POS.decode(POS.encode("0320", {48: UPLOAD})))] == ["48"]


EVIDENCE: dict[int, Any] = {
    3: "200000", 4: "000000010000", 11: "387203", 12: "101112", 13: "1125", 15: "1125", 22: "051",
    25: "00", 32: "00010000", 37: "123456789012", 38: "A12345", 39: "61", 41: "12345678",
    42: "622848000000000", 43: "某某商店".ljust(36), 44: "03050001   03050001      ", 49: "156",
    53: "2600000000000000", 54: "0210156C000000001000", 60: "23000727000600070",
    61: "0000133872030128", 63: "CUP余额不足,系统继续处理,勿重复操作 编号123456789012",
    64: bytes.fromhex("DDADBEEF00000001"),
}  # fmt: skip
CHIP_EVIDENCE = {
    "9F26": "FD62985CAAE7589F",
    "9F10": "07011703A00000010A0100000500001EF41C469F",
    "95": "0000008000",
    "9F37": "B89F3602",
    "9F36": "0C66",
    "9A": "261125",
    "9C": "00",
    "9F02": "000000001111",
    "84": "A000000333010101",
    "9F1E": b"12345678".hex(),
    "9B": "E800",
    "9F27": "80",
    "91": "4A7639C99A3199813030",
    "8A": "3030",
    "50": b"UnionPay".hex(),
    "9F63": "30313035303030300000000000000000",
}


def test_evidence_is_shown() -> None:
    kept = masked("0200", EVIDENCE)
    assert kept == {str(n): v if n != 64 else "DDADBEEF00000001" for n, v in EVIDENCE.items()}
    shown = {row.number: row.value for row in rows(POS.decode(POS.encode("0200", EVIDENCE)))}
    assert (shown["60.2"], shown["61.2"], shown["61.3"]) == ("000727", "387203", "0128")
    assert shown["63.2"].endswith("编号123456789012")


def test_evidence_of_a_chip_is_shown() -> None:
    chip = _chip(*((tag, bytes.fromhex(value)) for tag, value in CHIP_EVIDENCE.items()))
    script = _chip(("72", _chip(("9F18", b"\0\0\0\1"), ("86", b"\x84\x24\0\0\4MAC!"))))
    found = rows(POS.decode(POS.encode("0200", {55: chip + script})))
    shown = {row.number: row.value for row in found}
    for tag, value in CHIP_EVIDENCE.items():
        assert shown[f"55 {tag}"] == value.upper()
    assert (shown["55 72/9F18"], shown["55 72/86"]) == ("00000001", "<9 bytes>")
    kept = masked("0200", {55: chip + script})["55"]
    assert "9F26=FD62985CAAE7589F 9F10=07011703" in kept
    assert kept.endswith("72/9F18=00000001 72/86=<9 bytes>")


def test_totals_and_the_original_are_shown() -> None:
    totals = Field48Totals(123456, 12, 4500, 1, "2").build()
    original = "0200387203112510111200000010000" + "0" * 11
    assert masked("0500", {48: totals, 90: original}) == {"48": totals, "90": original}
    voucher = Field59.voucher("20261125123456789012")
    assert masked("0200", {59: voucher}) == {"59": "A4=20261125123456789012"}


@pytest.mark.parametrize("row", FIELDS)
def test_every_rule_takes_whatever_a_field_may_hold(row: int) -> None:
    for value in ("", "0", "x" * 99, "９" * 16, b"", bytes(8), b"\xff" * 300):
        assert isinstance(masked("0200", {row: value})[str(row)], str)


# Where a layout excludes a card number, and digits are evidence, the scan does not look.
_BY_LAYOUT = {42, 48, 54, 60, 61, 90}
_EMV_ONLY = {"9F26", "9F10"}


@st.composite
def cards(draw: st.DrawFn) -> str:
    """Draw a number as real cards have them; not all that begin with 62 pass Luhn."""
    head = draw(st.sampled_from(("62", "622848", "4", "51", "35", "37", "9558", "6011", "30")))
    digits = head + draw(st.text("0123456789", min_size=15 - len(head), max_size=18 - len(head)))
    if head == "62":
        return digits + draw(st.sampled_from("0123456789"))
    double = [int(d) * (1 + (n % 2 == 0)) for n, d in enumerate(reversed(digits))]
    return digits + str(-sum(d // 10 + d % 10 for d in double) % 10)


def _within(draw: st.DrawFn, value: Any, pan: str, size: int) -> Any:
    """Put a card number somewhere into a value without making it longer than its field."""
    forms = (pan, f"{pan[:4]} {pan[4:]}", f"{pan[:6]}-{pan[6:]}")
    put: Any = draw(st.sampled_from(forms if isinstance(value, str) and " " in value else (pan,)))
    if isinstance(value, bytes):
        odd = len(pan) % 2
        packed = draw(st.sampled_from((pan + "F" * odd, "0" * odd + pan)))
        put = draw(st.sampled_from((bytes.fromhex(packed), pan.encode())))
    at = draw(st.integers(0, len(value)))
    whole = value[:at] + put + value[at + len(put) :]
    while len(whole if isinstance(whole, bytes) else whole.encode("gbk")) > size:
        cut = len(whole) - 1
        whole = whole[1:] if at and not whole.startswith(put) else whole[:cut]
        at = max(at - 1, 0)
    return whole


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data())
def test_a_card_anywhere_never_comes_out(dialect: str, data: st.DataObject) -> None:
    draw: Any = data.draw
    pan = draw(cards())
    table = DIALECTS[dialect].fields
    room = sorted(
        n
        for n, field in table.items()
        if n not in _BY_LAYOUT and field.size >= len(pan) and not field.fixed
    )
    number = draw(st.sampled_from(room))
    field = table[number]
    value = _within(draw, draw(values(field)), pan, min(field.size, field.prefix.largest))
    for text in _everything(dialect, {number: value}):
        assert not _carries(text, pan), (number, value)


@given(data=st.data())
def test_a_card_in_any_tag_never_comes_out(data: st.DataObject) -> None:
    draw: Any = data.draw
    pan = draw(cards())
    tags = sorted(({*tlv.TAGS, *TAG_RULES, "DF01", "FF20", "C1"}) - _EMV_ONLY)
    value = _within(draw, draw(st.binary(max_size=24)), pan, 40)
    chip = _chip((draw(st.sampled_from(tags)), value), ("9F36", b"\0\1"))
    for wrapper in draw(st.lists(st.sampled_from(("70", "77", "6F")), max_size=3)):
        chip = _chip((wrapper, chip))
    qr = Field59(((draw(st.sampled_from((*QR_OBJECTS, "A5"))), value),)).build()
    for text in _everything("unionpay_pos", {55: chip, 59: qr}):
        assert not _carries(text, pan), chip.hex()


def test_a_wider_row_of_a_vendor_stays_masked() -> None:
    table = DIALECTS["unionpay_pos"]
    wide = table.override((replace(table.fields[38], size=19), replace(table.fields[41], size=16)))
    codec = Codec(wide)
    shown = as_json(codec.decode(codec.encode("0200", {38: f"{CARD}   ", 41: CARD})))["fields"]
    assert shown == {"38": "<19 bytes>", "41": "<16 bytes>"}


def test_a_vendors_parts_of_63_are_masked_as_well() -> None:
    note = Field63("CUP", f"卡{CARD}").build()
    shown = {row.number: row.value for row in rows(POS.decode(POS.encode("0210", {63: note})))}
    assert shown["63.2"] == "卡620001******0007"
