"""Where annul may send on its own: which addresses a webhook may have, and which it resolves to.

An address is looked up once for each attempt, every answer of the look-up is judged, and the
connection goes to what was judged, so a name can not point elsewhere a moment later.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from annul.domain.errors import AnnulError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, int], Awaitable[list[str]]]

LONGEST: Final = 2_000
# Nothing of a merchant's ever answers there: this machine's neighbours by link, the metadata
# services of clouds, and what is no single host.
_NEVER: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",
        "fe80::/10",  # link-local; metadata of most clouds
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",  # Alibaba, Azure, Oracle
        "fd00:ec2::/32",
        "fd20:ce::/32",  # AWS, Google
        "0.0.0.0/8",
        "::/128",
        "224.0.0.0/4",
        "ff00::/8",
        "240.0.0.0/4",
    )
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(AnnulError):
    """A webhook may not have this address. Nothing is sent there."""

    code = "webhooks.address"
    next_step = (
        "Give an https address without a password in it; http only for this machine itself. "
        "Addresses by link and of metadata services are refused, and those inside the "
        "operator's network to whoever is bound to one merchant."
    )


def checked(url: str, *, inside: bool) -> SplitResult:
    """Give the parts of an address that a webhook may have; raises `AddressRefused`.

    `inside`: it may also lie on this machine or in a private network. Names are judged when they
    are looked up.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused from None
    readable = url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST
    if not readable or not host or port == 0 or "@" in parts.netloc or parts.fragment:
        raise AddressRefused
    literal = _literal(host)
    local = host == "localhost" or (literal is not None and literal.is_loopback)
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise AddressRefused
    if local and not inside:
        raise AddressRefused
    if literal is not None:
        judge(literal, inside=inside)
    return parts


async def resolved(url: str, *, inside: bool, lookup: Lookup | None = None) -> list[str]:
    """Look an address up and give the IP addresses to connect to.

    Raises `AddressRefused` when any of them is not allowed, `OSError` when there are none.
    """
    parts = checked(url, inside=inside)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = await (lookup or look_up)(parts.hostname or "", port)
    for one in found:
        address = ipaddress.ip_address(one)
        judge(address, inside=inside)
        if parts.scheme == "http" and not _plain(address).is_loopback:
            raise AddressRefused
    return found


def judge(address: Address, *, inside: bool) -> None:
    """Raise `AddressRefused` for an IP address to which nothing is sent."""
    plain = _plain(address)
    if any(plain in network for network in _NEVER) or not (inside or plain.is_global):
        raise AddressRefused


async def look_up(host: str, port: int) -> list[str]:
    """Ask the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _plain(address: Address) -> Address:
    """Give the IPv4 address that an IPv6 one stands for, else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
