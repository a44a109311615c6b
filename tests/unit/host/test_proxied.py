"""The PROXY protocol's header, as a balancer writes it and as cells hand on."""

from contextlib import suppress
from typing import Any

import pytest

from annul.host.peer import Peer
from annul.host.proxied import Proxied, Proxies, header, read_header
from annul.security.notary import Notary
from annul.wire.errors import FrameError
from tests.support.clock import HeldClock

# Built by hand from the specification: PROXY, TCP over IPv4, two addresses, two ports.
_V4 = bytes.fromhex("0d0a0d0a000d0a515549540a 21 11 000c 0a010203 0a090909 c351 2187")
_FRAME = b"\x00\x05\x60\x00\x00\x00\x00"


@pytest.mark.parametrize(
    ("came", "said"),
    [
        (_V4, Proxied("10.1.2.3", 0, len(_V4))),
        (_V4 + _FRAME, Proxied("10.1.2.3", 0, len(_V4))),
        (_FRAME, Proxied("", 0, 0)),
        (b"", None),
        # LOCAL: a balancer that looks whether the port is open.
        (_V4[:12] + b"\x20\x00\x00\x00", Proxied("", 0, 16)),
        # A family that is none of streams says nothing.
        (_V4[:13] + b"\x12\x00\x00", Proxied("", 0, 16)),
    ],
)
def test_a_header_is_read(came: bytes, said: Proxied | None) -> None:
    assert read_header(came) == said


@pytest.mark.parametrize("end", range(1, len(_V4)))
def test_part_of_a_header_waits(end: int) -> None:
    assert read_header(_V4[:end]) is None


@pytest.mark.parametrize("address", ["10.1.2.3", "2001:db8::", "local"])
def test_what_is_handed_on_is_counted(address: str) -> None:
    said = header(address, 2)
    expected = address if address != "local" else "127.0.0.1"
    assert read_header(said) == Proxied(expected, 2, len(said))


@pytest.mark.parametrize(
    "wrong",
    [
        _V4[:12] + b"\x11\x11\x00\x00",  # another version
        _V4[:12] + b"\x22\x11\x00\x00",  # another command
        _V4[:12] + b"\x21\x11\xff\xff",  # longer than any
        _V4[:12] + b"\x21\x11\x00\x04" + bytes(4),  # no room for its addresses
        _V4[:14] + b"\x00\x0e" + _V4[16:] + b"\xe0\x00",  # an extra that is cut off
    ],
)
def test_what_begins_as_one_and_is_none_closes(wrong: bytes) -> None:
    with pytest.raises(FrameError):
        read_header(wrong)


def test_only_who_is_trusted_says_whose_it_is() -> None:
    proxies = Proxies(["10.0.0.0/8", "2001:db8::/32"])
    assert [proxies.trusts(one) for one in ("10.9.9.9", "11.1.1.1", "2001:db8::", "local")] == [
        True, False, True, False,
    ]  # fmt: skip


_SEAL = Notary(bytes(32)).seal
_AT = HeldClock()


def _shown(identity: str = "sha256:a1", **named: Any) -> bytes:
    peer = Peer("10.1.2.3", identity)
    own: dict[str, Any] = {"seal": _SEAL, "own": "west", "clock": _AT} | named
    return Proxies(**own).header(peer, "east")


def _taken(came: bytes, **named: Any) -> str:
    said = read_header(came)
    assert said is not None
    own: dict[str, Any] = {"seal": _SEAL, "own": "east", "clock": _AT} | named
    return Proxies(**own).identity(said)


def test_a_certificate_that_one_cell_has_seen_counts_in_the_other() -> None:
    came = _shown()
    assert read_header(came) is not None
    assert _taken(came) == "sha256:a1"
    assert _taken(_shown("")) == ""


@pytest.mark.parametrize("place", range(28, len(_shown())))
def test_nothing_of_it_can_be_changed(place: int) -> None:
    """Not the address, the hops, the time, nor who it is: then nobody is vouched for."""
    came = bytearray(_shown())
    came[place] ^= 1
    with suppress(FrameError):  # it may be no header any more
        assert _taken(bytes(came)) == ""


def test_who_has_not_the_master_key_vouches_for_nobody() -> None:
    assert _taken(_shown(seal=Notary(bytes(31) + b"1").seal)) == ""
    assert _taken(_shown(seal=None)) == ""
    assert _taken(_shown(), seal=None) == ""


def test_it_holds_for_one_cell_and_some_seconds() -> None:
    assert _taken(_shown(), own="north") == ""
    later = HeldClock()
    later.forward(seconds=11)
    assert _taken(_shown(), clock=later) == ""
