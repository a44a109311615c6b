"""Who a connection is of when somebody hands it on: the PROXY protocol, version 2.

A balancer that speaks TCP only says before the first byte whom it has connected, and so does a host
that hands a terminal on to the cell of its merchant. It counts from addresses that are trusted
(`terminals_proxies`), so that a terminal is limited by its own address and not by the balancer's.

Source: the PROXY protocol's specification of HAProxy, section 2.2. Types 0xE0 to 0xEF are for
applications: annul says in 0xE0 how often a connection was handed on between cells, and in 0xE1
which certificate its terminal has shown.
"""

import hmac
import struct
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, NamedTuple

from annul.store.clock import Clock, SystemClock
from annul.wire.errors import FrameError

from .peer import Peer

_SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED: Final = struct.Struct("!12sBBH")
_LOCAL: Final = 0x20
_PROXY: Final = 0x21
_TCP: Final = {0x11: 4, 0x21: 16}  # bytes of an address, by family; both of streams
_TYPE_AND_LENGTH: Final = struct.Struct("!BH")
_HOPS: Final = 0xE0
_VOUCHER: Final = 0xE1
_STAMP: Final = struct.Struct("!Q")  # milliseconds since 1970
_PROOF: Final = 32
_VOUCHED_MS: Final = 10_000  # that clocks of two cells may differ, and a header be on its way
_LONGEST: Final = 536  # what a sender may say, by the specification


class Proxied(NamedTuple):
    """Whom a header names (empty: the sender itself), how often handed on, and where it ends.

    `voucher` is what a host of another cell says of the terminal's certificate, which it has seen.
    """

    address: str
    hops: int
    size: int
    voucher: bytes = b""


class Proxies:
    """Networks whose word on an address counts; and what cells say to each other.

    That a terminal has shown its certificate counts by a keyed hash, made of the master key that
    the cells have in common: a network can not say so. It holds for one cell, address and moment.
    """

    def __init__(
        self,
        networks: Sequence[str] = (),
        seal: Callable[[bytes], bytes] | None = None,
        own: str = "",
        clock: Clock | None = None,
    ) -> None:
        """`own` is this cell's name. Raises `ValueError` for what is no network."""
        self._networks = [ip_network(one) for one in networks]
        self._seal = seal
        self._own = own
        self._clock = clock or SystemClock()

    def trusts(self, address: str) -> bool:
        """Say whether an address is in one of them."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)

    def header(self, peer: Peer, cell: str) -> bytes:
        """Say to a host of another cell whose a connection is that is handed on to it."""
        said = header(peer.address, peer.hops + 1)
        if not peer.identity or self._seal is None:
            return said
        stamp = _STAMP.pack(int(self._clock.now().timestamp() * 1000))
        words = stamp + peer.identity.encode()
        proof = self._seal(_about(peer.address, peer.hops + 1, cell, words))
        return _with(said, _VOUCHER, proof + words)

    def identity(self, said: Proxied) -> str:
        """Give the identity that another cell vouches for; empty when none does."""
        proof, words = said.voucher[:_PROOF], said.voucher[_PROOF:]
        if self._seal is None or len(words) <= _STAMP.size:
            return ""
        expected = self._seal(_about(said.address, said.hops, self._own, words))
        (stamp,) = _STAMP.unpack_from(words)
        age_ms = self._clock.now().timestamp() * 1000 - stamp
        if not hmac.compare_digest(proof, expected) or abs(age_ms) > _VOUCHED_MS:
            return ""
        return words[_STAMP.size :].decode(errors="replace")


def _about(address: str, hops: int, cell: str, words: bytes) -> bytes:
    return b"\0".join((b"handed on", address.encode(), bytes([hops]), cell.encode(), words))


def read_header(data: bytes) -> Proxied | None:
    """Read the header that data begins with; None while it is not whole.

    A stream that does not begin with one gives an empty header of no size. Raises `FrameError`
    for what begins as a header and is none.
    """
    begun = data[: len(_SIGNATURE)]
    if not _SIGNATURE.startswith(begun):
        return Proxied("", 0, 0)
    if len(data) < _FIXED.size:
        return None
    _, command, family, length = _FIXED.unpack_from(data)
    if command not in {_LOCAL, _PROXY} or length > _LONGEST:
        raise FrameError
    end = _FIXED.size + length
    if len(data) < end:
        return None
    said, width = data[_FIXED.size : end], _TCP.get(family, 0)
    if command == _LOCAL or not width:
        return Proxied("", 0, end)
    after = 2 * width + 4  # two addresses and two ports
    if len(said) < after:
        raise FrameError
    of = IPv4Address if width == _TCP[0x11] else IPv6Address
    more = dict(_extras(said[after:]))
    hops = more.get(_HOPS, b"")
    return Proxied(str(of(said[:width])), hops[0] if hops else 0, end, more.get(_VOUCHER, b""))


def _extras(said: bytes) -> Iterator[tuple[int, bytes]]:
    while said:
        if len(said) < _TYPE_AND_LENGTH.size:
            raise FrameError
        kind, size = _TYPE_AND_LENGTH.unpack_from(said)
        said = said[_TYPE_AND_LENGTH.size :]
        if len(said) < size:
            raise FrameError
        yield kind, said[:size]
        said = said[size:]


def _with(said: bytes, kind: int, value: bytes) -> bytes:
    """Add an extra to a header."""
    signature, command, family, length = _FIXED.unpack_from(said)
    extra = _TYPE_AND_LENGTH.pack(kind, len(value)) + value
    return (
        _FIXED.pack(signature, command, family, length + len(extra)) + said[_FIXED.size :] + extra
    )


def header(address: str, hops: int) -> bytes:
    """Say whose a connection is that is handed on for the `hops`th time."""
    try:
        packed = ip_address(address).packed
    except ValueError:  # of this machine
        packed = IPv4Address("127.0.0.1").packed
    family = next(one for one, width in _TCP.items() if width == len(packed))
    said = packed * 2 + bytes(4) + _TYPE_AND_LENGTH.pack(_HOPS, 1) + bytes([hops])
    return _FIXED.pack(_SIGNATURE, _PROXY, family, len(said)) + said
