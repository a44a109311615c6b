"""Who a connection is of when somebody hands it on: the PROXY protocol, version 2.

A balancer that speaks TCP only says before the first byte whom it has connected, and so does a host
that hands a terminal on to the cell of its merchant. It counts from addresses that are trusted
(`terminals_proxies`), so that a terminal is limited by its own address and not by the balancer's.

Source: the PROXY protocol's specification of HAProxy, section 2.2. Types 0xE0 to 0xEF are for
applications: annul says in 0xE0 how often a connection was handed on between cells.
"""

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, NamedTuple

from annul.wire.errors import FrameError

_SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED: Final = struct.Struct("!12sBBH")
_LOCAL: Final = 0x20
_PROXY: Final = 0x21
_TCP: Final = {0x11: 4, 0x21: 16}  # bytes of an address, by family; both of streams
_TYPE_AND_LENGTH: Final = struct.Struct("!BH")
_HOPS: Final = 0xE0
_LONGEST: Final = 536  # what a sender may say, by the specification


class Proxied(NamedTuple):
    """Whom a header names (empty: the sender itself), how often handed on, and where it ends."""

    address: str
    hops: int
    size: int


class Proxies:
    """Networks whose word on an address counts."""

    def __init__(self, networks: list[str]) -> None:
        """Take networks; raises `ValueError` for what is none."""
        self._networks = [ip_network(one) for one in networks]

    def trusts(self, address: str) -> bool:
        """Say whether an address is in one of them."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


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
    return Proxied(str(of(said[:width])), _hops(said[after:]), end)


def _hops(said: bytes) -> int:
    while said:
        if len(said) < _TYPE_AND_LENGTH.size:
            raise FrameError
        kind, size = _TYPE_AND_LENGTH.unpack_from(said)
        said = said[_TYPE_AND_LENGTH.size :]
        value, said = said[:size], said[size:]
        if kind == _HOPS and len(value) == 1:
            return value[0]
    return 0


def header(address: str, hops: int) -> bytes:
    """Say whose a connection is that is handed on for the `hops`th time."""
    try:
        packed = ip_address(address).packed
    except ValueError:  # of this machine
        packed = IPv4Address("127.0.0.1").packed
    family = next(one for one, width in _TCP.items() if width == len(packed))
    said = packed * 2 + bytes(4) + _TYPE_AND_LENGTH.pack(_HOPS, 1) + bytes([hops])
    return _FIXED.pack(_SIGNATURE, _PROXY, family, len(said)) + said
