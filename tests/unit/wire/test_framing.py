"""Frames out of a stream: whole ones, halves, keep-alives, and lengths that no message has."""

from typing import Any

import pytest

from annul.wire.errors import FrameError, FramingError
from annul.wire.framing import (
    CUPS_46,
    FRAMINGS,
    LENGTH_2,
    LENGTH_4,
    TPDU_2,
    Framer,
    framing_of,
    reply_head,
)

_HEAD = bytes.fromhex("6000030000603100311000")


def _framed(name: str, body: bytes) -> bytes:
    framing = FRAMINGS[name]
    return framing.pack(body, _HEAD if framing is TPDU_2 else framing.opening)


@pytest.mark.parametrize("name", FRAMINGS)
def test_frames_byte_by_byte(name: str) -> None:
    framer = Framer(FRAMINGS[name])
    stream = _framed(name, b"first message") + _framed(name, b"second")
    found = [frame for at in range(len(stream)) for frame in framer.feed(stream[at : at + 1])]
    assert [frame.body for frame in found] == [b"first message", b"second"]
    assert framer.waiting == 0


def test_many_frames_in_one_piece() -> None:
    stream = b"".join(LENGTH_2.pack(b"%d" % number) for number in range(500))
    assert [int(frame.body) for frame in Framer(LENGTH_2).feed(stream)] == list(range(500))


def test_the_answer_goes_back_to_where_the_request_came_from() -> None:
    assert reply_head(_HEAD) == bytes.fromhex("6000000003603100311000")
    assert reply_head(b"") == b""


def test_a_zero_length_is_a_keep_alive() -> None:
    assert Framer(TPDU_2).feed(b"\x00\x00") == []
    assert Framer(LENGTH_4).feed(b"0000" + LENGTH_4.pack(b"x"))[0].body == b"x"


@pytest.mark.parametrize(
    ("framing", "stream"),
    [
        (TPDU_2, b"\xff\xff"),
        (TPDU_2, b"\x00\x0b" + _HEAD),
        (LENGTH_4, b"12X4"),
        (LENGTH_4, b"9999"),
        (LENGTH_2, b"\x20\x01"),
    ],
)
def test_a_length_that_no_message_has(framing, stream: bytes) -> None:
    with pytest.raises(FrameError):
        Framer(framing, limit=8_192).feed(stream)


def test_a_message_too_long_for_its_frame_is_not_packed() -> None:
    with pytest.raises(FrameError):
        LENGTH_4.pack(bytes(10_000))


def test_the_interbank_head_holds_the_length_again() -> None:
    framed = CUPS_46.pack(b"0200body")
    assert framed[:4] == b"0054"
    assert framed[4:10] == b"\x2e\x010054"
    assert Framer(CUPS_46).feed(framed)[0].body == b"0200body"


@pytest.mark.parametrize(
    ("name", "changes", "framed"),
    [
        ("length_2_itself", {}, "0006" + "61626364"),
        ("length_2_gap", {}, "00040000" + "61626364"),
        ("length_2_packed", {}, "0004" + "61626364"),
        ("length_2_etx", {}, "0005" + "6162636403"),
        ("length_4_bytes", {}, "00000004" + "61626364"),
        ("length_4_ebcdic", {}, "F0F0F0F4" + "61626364"),
        ("tpdu_only", {}, "0009" + "6000000000" + "61626364"),
        ("length_2", {"little": True}, "0400" + "61626364"),
        ("length_2", {"head": 2, "constant": "4953"}, "0006" + "4953" + "61626364"),
        ("length_4", {"counts_itself": True, "trailer": "0d0a"}, "30303130" + "616263640d0a"),
    ],
)
def test_each_part_is_data(name: str, changes: dict[str, Any], framed: str) -> None:
    framing = framing_of(name, changes)
    packed = framing.pack(b"abcd", framing.opening)
    assert packed.hex().upper() == framed.upper()
    assert [frame.body for frame in Framer(framing).feed(packed * 2)] == [b"abcd"] * 2


@pytest.mark.parametrize(
    ("name", "changes", "part"),
    [
        ("length_9", {}, "framing"),
        ("length_2", {"size": 2}, "size"),
        ("length_2", {"width": "2"}, "width"),
        ("length_2", {"width": 7}, "width"),
        ("length_2", {"width": True}, "width"),
        ("length_2", {"coding": "hex"}, "coding"),
        ("length_2", {"coding": "morse"}, "coding"),
        ("length_4", {"little": True}, "little"),
        ("length_2", {"trailer": "0"}, "trailer"),
        ("length_2", {"constant": "00"}, "constant"),
        ("cups_46", {"interbank": False}, "interbank"),
    ],
)
def test_what_makes_no_frames_is_named(name: str, changes: dict[str, Any], part: str) -> None:
    with pytest.raises(FramingError) as refused:
        framing_of(name, changes)
    assert refused.value.part == part


@pytest.mark.parametrize(
    ("name", "stream"), [("length_2_itself", b"\x00\x01"), ("length_2_packed", b"\x0a\x00")]
)
def test_a_length_that_says_nothing(name: str, stream: bytes) -> None:
    with pytest.raises(FrameError):
        Framer(FRAMINGS[name]).feed(stream)
