"""Keys by purpose, the form in which they are stored, and the form in which terminals get them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from .ciphers import DES, SM, TDES, BlockCipher
from .errors import UnusableKey


class KeyKind(StrEnum):
    """What a key is for; a key of one kind is never used for another."""

    MASTER = "master"
    PIN = "pin"
    MAC = "mac"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key as it is stored: encrypted under the local master key, bound to kind and algorithm."""

    kind: KeyKind
    algorithm: str
    wrapped: bytes = field(repr=False)
    check_value: bytes = b""


@dataclass(frozen=True, slots=True)
class WorkingKeys:
    """Fresh keys of a terminal; `field62` is how they are handed out at sign-in."""

    pin: WrappedKey
    mac: WrappedKey
    data: WrappedKey | None
    field62: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Slot:
    """One key in field 62: kind, algorithm, and the bytes it takes before its check value."""

    kind: KeyKind
    algorithm: str
    width: int


_PIN_TDES: Final = Slot(KeyKind.PIN, TDES, 16)
_MAC_DES: Final = Slot(KeyKind.MAC, DES, 16)  # eight bytes and eight zeros
_DATA_TDES: Final = Slot(KeyKind.DATA, TDES, 16)
_PIN_SM, _MAC_SM, _DATA_SM = (
    Slot(kind, SM, 16) for kind in (KeyKind.PIN, KeyKind.MAC, KeyKind.DATA)
)

# Field 60.3 of the sign-in -> which keys are handed out. Source: UnionPay POS sign-in.
LAYOUTS: Final[Mapping[str, tuple[Slot, ...]]] = {
    "001": (Slot(KeyKind.PIN, DES, 8), Slot(KeyKind.MAC, DES, 8)),
    "003": (_PIN_TDES, _MAC_DES),
    "004": (_PIN_TDES, _MAC_DES, _DATA_TDES),
    "005": (_PIN_SM, _MAC_SM),
    "006": (_PIN_SM, _MAC_SM, _DATA_SM),
}
_CHECK: Final = 4


def open_working_keys(
    field62: bytes, master: BlockCipher, network: str
) -> dict[KeyKind, BlockCipher]:
    """Take the keys out of field 62, as a terminal does; raises `UnusableKey` for a wrong check."""
    keys: dict[KeyKind, BlockCipher] = {}
    at = 0
    for slot in LAYOUTS[network]:
        size = 8 if slot.algorithm == DES else 16
        encrypted = field62[at : at + size]
        expected = field62[at + slot.width : at + slot.width + _CHECK]
        at += slot.width + _CHECK
        if len(expected) < _CHECK:
            message = "field 62 is too short for its keys"
            raise UnusableKey(message)
        key = BlockCipher(slot.algorithm, master.decrypt(encrypted))
        if key.check_value() != expected:
            message = f"the check value of the {slot.kind} key is wrong"
            raise UnusableKey(message)
        keys[slot.kind] = key
    return keys


def close_working_keys(keys: Mapping[KeyKind, tuple[bytes, bytes]], network: str) -> bytes:
    """Put (encrypted key, check value) of each kind into field 62."""
    return b"".join(
        keys[slot.kind][0].ljust(slot.width, b"\0") + keys[slot.kind][1]
        for slot in LAYOUTS[network]
    )
