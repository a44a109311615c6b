"""A framing is found in bytes by a message type and a length that fits; rubbish has none."""

from random import Random

import pytest

from annul.issuers.trial.framings import cuts, named
from annul.wire.field import Coding
from annul.wire.framing import FRAMINGS, Framing, framing_of, reply_head

_BODIES = (
    b"0810" + bytes(8) + b"0101000000000001",
    bytes.fromhex("0810") + bytes(16) + b"\x03",
    "0810".encode("cp037") + bytes(16),
    b"1814" + b"8220000002000000" + b"\x03",
)


@pytest.mark.parametrize("body", _BODIES)
@pytest.mark.parametrize("name", [name for name in FRAMINGS if name != "tpdu_2"])
def test_each_row_is_found_as_itself(name: str, body: bytes) -> None:
    framing = framing_of(name)
    raw = framing.pack(body, reply_head(framing.opening))
    found = [one for one in cuts(raw) if (one.name, one.parts) == (name, {})]
    assert [one.bodies for one in found] == [(body,)]
    twice = [one for one in cuts(raw + raw) if (one.name, one.parts) == (name, {})]
    assert [one.bodies for one in twice] == [(body, body)]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("length_4", {"counts_itself": True}),
        ("length_4", {"trailer": "03"}),
        ("length_2", {"little": True}),
        ("length_4", {"width": 5}),
        ("length_2", {"head": 2, "constant": "0c0c"}),
        ("length_2_gap", {"gap": "0102"}),
    ],
)
def test_a_row_with_a_part_that_differs(name: str, parts: dict[str, str | int | bool]) -> None:
    framing = framing_of(name, parts)
    raw = framing.pack(_BODIES[0], framing.opening)
    fitting = [one for one in cuts(raw) if one.framing.pack(_BODIES[0], one.framing.opening) == raw]
    assert any(framing_of(one.name, one.parts).pack(_BODIES[0], one.framing.opening) == raw
               for one in fitting)  # fmt: skip
    assert named(framing)[1]


def test_what_is_no_frame_has_no_framing() -> None:
    whole = FRAMINGS["length_4"].pack(_BODIES[0])
    assert list(cuts(b"")) == []
    assert list(cuts(whole[:-1])) == []
    assert list(cuts(b"HTTP/1.1 400 Bad Request\r\n\r\n")) == []
    random = Random(1)
    for size in (1, 3, 17, 200, 9_000):
        for _ in range(20):
            for one in cuts(random.randbytes(size)):
                assert one.bodies  # it never fails, and what it gives are whole frames


def test_the_nearest_row_is_named() -> None:
    assert named(Framing("", width=4, coding=Coding.ASCII)) == ("length_4", {})
    assert named(Framing("", trailer=b"\x03", counts_itself=True))[0] in {
        "length_2_etx",
        "length_2_itself",
    }
