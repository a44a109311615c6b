"""What is kept of fields that make no sense: enough to find the reason, and no card number."""

from datetime import UTC, datetime

from annul.issuers.odd import OddFields, masked
from annul.wire.codec import Codec
from annul.wire.dialects import CUPS

_AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
_PAN = "6200010000000007"


def test_no_digit_is_ever_shown() -> None:
    ways = (_PAN.encode(), bytes.fromhex(_PAN), _PAN.encode("cp037"), f"={_PAN}é".encode("latin-1"))
    for raw in ways:
        shown = masked(raw).replace("·", "").split()
        assert all(not byte.isdecimal() and not byte.startswith("F") for byte in shown), shown


def test_what_is_no_digit_tells_the_character_set() -> None:
    assert masked("Café".encode("latin-1")) == "·· ·· ·· E9"
    assert masked(bytes(40)).endswith("…")


def test_each_field_is_counted_and_its_last_bytes_are_kept() -> None:
    codec = Codec(CUPS)
    body = codec.encode("0210", {39: "00", 43: "é".ljust(39)})
    body = body.replace("é".encode("gbk"), b"\xff\xfe")
    message = codec.decode(body)
    odd = OddFields()
    for _ in range(3):
        odd.note(message, tuple(message.faults), _AT)
    (number, kept) = next(iter(odd.snapshot().items()))
    assert (number, kept["count"], kept["at"]) == ("43", 3, "2026-11-26T12:00:00+00:00")
    assert kept["sample"].startswith("FF FE")
    assert "GBK" in kept["expected"]


def test_where_a_message_breaks_off_is_kept_too() -> None:
    codec = Codec(CUPS)
    body = codec.encode("0210", {39: "00", 48: "ab"}).replace(b"002ab", b"0=2ab")
    message = codec.salvage(body)
    assert message is not None
    odd = OddFields()
    odd.note(message, (), _AT)
    assert odd.snapshot()["48"]["sample"] == "·· 3D ·· ·· ··"


def test_what_comes_after_the_end_is_counted_too() -> None:
    codec = Codec(CUPS)
    message = codec.decode(codec.encode("0210", {39: "00"}) + b"\x03", leftover=True)
    odd = OddFields()
    odd.note(message, (), _AT)
    assert odd.snapshot()["0"] | {"at": ""} == {
        "count": 1, "expected": "the end", "sample": "··", "at": "",
    }  # fmt: skip
