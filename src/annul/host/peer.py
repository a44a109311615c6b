"""What one connection has shown of who it is."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from annul.merchants.station import Station
from annul.merchants.working_keys import TerminalSays
from annul.security.keys import WrappedKey

_SAID: Final = 64  # sign-ins that a connection may have open; a concentrator carries many terminals
_IPV6_SITE: Final = 64  # bits: who has one address of these has them all


@dataclass(slots=True)
class Peer:
    """One connection. `identity` is that of its TLS client certificate, empty without one.

    It is bound to a terminal by that identity, or by a good MAC of a request that was new: bytes
    that somebody has seen and sends again prove nothing. New working keys end a binding.
    """

    address: str
    identity: str = ""
    hops: int = 0  # how often it was handed on between cells
    # Whose it is: the identity of a certificate that is registered, or the first terminal that has
    # proven itself here; None while it has proven nothing.
    holder: Hashable = None
    doubts: int = 0  # messages in a row that were turned away
    known: bool = False  # a message has named a terminal that is registered
    _bound: dict[Station, bytes] = field(default_factory=dict)
    _said: dict[Station, TerminalSays] = field(default_factory=dict)

    def bind(self, station: Station, key: WrappedKey | None) -> None:
        """Take a request as proof: it was new, and its MAC held under this key."""
        if key is not None:
            self._bound[station] = key.wrapped
            if self.holder is None:
                self.holder = station

    def bound_to(self, station: Station) -> bool:
        """Say whether what comes here comes from that terminal."""
        identity = station.terminal.tls_identity
        if identity:
            return identity == self.identity
        key = station.mac_key
        return key is not None and self._bound.get(station) == key.wrapped

    def says(self, station: Station, said: TerminalSays) -> None:
        """Remember what a sign-in said, until the keys that it was given are used here."""
        self._said.pop(station, None)
        if len(self._said) >= _SAID:
            self._said.pop(next(iter(self._said)))
        self._said[station] = said

    def said(self, station: Station) -> TerminalSays | None:
        """Give what the latest sign-in here said of a terminal, once."""
        return self._said.pop(station, None)


def address_of(peername: Any) -> str:
    """Give what connections are counted by: the address, of IPv6 the site's prefix."""
    if not isinstance(peername, tuple):
        return "local"
    try:
        address = ip_address(str(peername[0]).partition("%")[0])
    except ValueError:
        return "local"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) >> (128 - _IPV6_SITE) << (128 - _IPV6_SITE)))
    return str(address)
