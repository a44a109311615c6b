"""A message for people: named in both languages, masked, its parts beneath it."""

import json

from annul.wire import tlv
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from annul.wire.names import NAMES, PARTS, name_of
from annul.wire.reading import codec_of, read
from annul.wire.show import as_json, rows
from annul.wire.subfields import Field59
from annul.wire.tlv import Tlv

PAN = "6200019876543217"
POS = Codec(DIALECTS["unionpay_pos"])
CHIP = tlv.build((Tlv("9F26", bytes(range(8))), Tlv("5A", bytes.fromhex(PAN)), Tlv("82", b"|\0")))
SALE = {
    2: PAN, 3: "000000", 22: "051", 35: f"{PAN}D3012201", 52: b"PINBLOCK", 55: CHIP,
    59: Field59((("A3", PAN.encode()),)).build(), 60: "22000001000500", 61: "000001000002",
}  # fmt: skip


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
    assert set(DIALECTS["unionpay_pos"].fields) <= set(NAMES)


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
