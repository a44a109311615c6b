"""What a dump of a message consists of: length, TPDU and header may stand before it or not."""

from dataclasses import dataclass
from typing import Final

_HEAD: Final = 11
_APPLICATIONS: Final = frozenset(range(0x60, 0x6A))  # first byte of the header
_LARGEST_MTI: Final = 0x09


@dataclass(frozen=True, slots=True)
class Dump:
    """`head` is TPDU and header, empty when the dump begins with the message type."""

    head: bytes
    body: bytes


def split_dump(data: bytes) -> Dump:
    """Find the message in a dump by what must stand before it."""
    if _has_head(data):
        return Dump(data[:_HEAD], data[_HEAD:])
    if len(data) <= 2 or int.from_bytes(data[:2], "big") != len(data) - 2:
        return Dump(b"", data)
    if _has_head(data[2:]):
        return Dump(data[2 : 2 + _HEAD], data[2 + _HEAD :])
    return Dump(b"", data[2:])


def _has_head(data: bytes) -> bool:
    return (
        len(data) > _HEAD
        and data[0] == 0x60
        and (data[5] in _APPLICATIONS or data[5] <= 0x01)
        and data[_HEAD] <= _LARGEST_MTI
    )
