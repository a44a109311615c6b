"""Frames out of a stream: whole ones, halves, keep-alives, and lengths that no message has."""

import pytest

from annul.wire.errors import FrameError
from annul.wire.framing import CUPS_46, FRAMINGS, LENGTH_2, LENGTH_4, TPDU_2, Framer, reply_head

_HEAD = bytes.fromhex("6000030000603100311000")


def _framed(name: str, body: bytes) -> bytes:
    framing = FRAMINGS[name]
    return framing.pack(body, _HEAD if framing is TPDU_2 else b"")


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
