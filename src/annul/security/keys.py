"""Keys by purpose, the form in which they are stored, and the form in which terminals get them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from .ciphers import AES, DES, SIZES, SM, TDES, BlockCipher
from .errors import UnusableKey
from .mac import MacAlgorithm


class KeyKind(StrEnum):
    """What a key is for; a key of one kind is never used for another."""

    MASTER = "master"
    PIN = "pin"
    MAC = "mac"  # for both directions, or with MAC_BACK only for what the terminal sends
    MAC_BACK = "mac_back"  # for the host's answers
    DATA = "data"
    ZONE = "zone"  # of an issuer: its working keys come under it, and nothing else is done with it


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key as it is stored: encrypted under the local master key, bound to kind and algorithm."""

    kind: KeyKind
    algorithm: str
    wrapped: bytes = field(repr=False)
    check_value: bytes = b""


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a key in the hands of one person: its bytes, and the check value that came with it.

    The key is the XOR of its components, so that nobody who knows one of them knows it.
    """

    clear: bytes = field(repr=False)
    check_value: bytes


@dataclass(frozen=True, slots=True)
class WorkingKeys:
    """Fresh keys of a terminal; `field62` is how they are handed out at sign-in."""

    pin: WrappedKey
    mac: WrappedKey
    data: WrappedKey | None
    mac_back: WrappedKey | None
    field62: bytes = field(repr=False)

    @property
    def every(self) -> tuple[WrappedKey, ...]:
        """All keys that there are."""
        return tuple(key for key in (self.pin, self.mac, self.data, self.mac_back) if key)


@dataclass(frozen=True, slots=True)
class KeySlot:
    """One key in field 62: kind, algorithm, and the bytes it takes before its check value."""

    kind: KeyKind
    algorithm: str
    width: int


@dataclass(frozen=True, slots=True)
class KeyForm:
    """A key form: what a sign-in hands out, and under a master key of which cipher.

    `name` is field 60.3 of the sign-in. `macs` are the algorithms that go with its MAC key, the
    usual one first.
    """

    name: str
    master: str
    slots: tuple[KeySlot, ...]
    macs: tuple[MacAlgorithm, ...]

    @property
    def usual_mac(self) -> MacAlgorithm:
        """The algorithm of a terminal of which nothing else is said."""
        return self.macs[0]


_PIN_DES, _MAC_DES = (KeySlot(kind, DES, 8) for kind in (KeyKind.PIN, KeyKind.MAC))
_MAC_DES_WIDE: Final = KeySlot(KeyKind.MAC, DES, 16)  # eight bytes and eight zeros
_PIN_TDES, _MAC_TDES, _BACK_TDES, _DATA_TDES = (
    KeySlot(kind, TDES, 16) for kind in (KeyKind.PIN, KeyKind.MAC, KeyKind.MAC_BACK, KeyKind.DATA)
)
_PIN_SM, _MAC_SM, _BACK_SM, _DATA_SM = (
    KeySlot(kind, SM, 16) for kind in (KeyKind.PIN, KeyKind.MAC, KeyKind.MAC_BACK, KeyKind.DATA)
)
_MAC_AES, _BACK_AES = (KeySlot(kind, AES, 16) for kind in (KeyKind.MAC, KeyKind.MAC_BACK))
_SINGLE: Final = (MacAlgorithm.UNIONPAY_ECB, MacAlgorithm.X9_9)
_SM_CODES: Final = (MacAlgorithm.SM4, MacAlgorithm.SM4_CMAC)

# 001 to 006 are the standard's. Source: UnionPay POS sign-in.
# 9xy are annul's own, for terminals whose software can do better; the standard's values of field
# 60.3 end far below. x is the cipher of the MAC keys (1 3DES, 2 SM4, 3 AES), and y the last digit
# of the form that it is made after (3, 5), one more for a third key, and 7 for what is new.
FORMS: Final[Mapping[str, KeyForm]] = {
    form.name: form
    for form in (
        KeyForm("001", TDES, (_PIN_DES, _MAC_DES), _SINGLE),
        KeyForm("003", TDES, (_PIN_TDES, _MAC_DES_WIDE), _SINGLE),
        KeyForm("004", TDES, (_PIN_TDES, _MAC_DES_WIDE, _DATA_TDES), _SINGLE),
        KeyForm("005", SM, (_PIN_SM, _MAC_SM), (MacAlgorithm.SM4,)),
        KeyForm("006", SM, (_PIN_SM, _MAC_SM, _DATA_SM), (MacAlgorithm.SM4,)),
        KeyForm("913", TDES, (_PIN_TDES, _MAC_TDES), (MacAlgorithm.X9_19,)),
        KeyForm("914", TDES, (_PIN_TDES, _MAC_TDES, _BACK_TDES), (MacAlgorithm.X9_19,)),
        KeyForm("925", SM, (_PIN_SM, _MAC_SM, _BACK_SM), _SM_CODES),
        KeyForm("937", AES, (_PIN_TDES, _MAC_AES, _BACK_AES), (MacAlgorithm.AES_CMAC,)),
    )
}
_CHECK: Final = 4


def form_of(name: str) -> KeyForm:
    """Find a form by field 60.3; raises `UnusableKey` when there is none."""
    if name not in FORMS:
        message = "no such form of working keys"
        raise UnusableKey(message)
    return FORMS[name]


def fits(form: str, algorithm: MacAlgorithm) -> bool:
    """Say whether the MAC key of a form serves an algorithm; an unknown form serves none."""
    return form in FORMS and algorithm in FORMS[form].macs


def open_working_keys(
    field62: bytes, master: BlockCipher, network: str
) -> dict[KeyKind, BlockCipher]:
    """Take the keys out of field 62, as a terminal does; raises `UnusableKey` for a wrong check."""
    form = form_of(network)
    check_master(form, master.algorithm)
    keys: dict[KeyKind, BlockCipher] = {}
    at = 0
    for slot in form.slots:
        encrypted = field62[at : at + SIZES[slot.algorithm]]
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
        for slot in form_of(network).slots
    )


def check_master(form: KeyForm, algorithm: str) -> None:
    """Raise `UnusableKey` for a master key of another cipher than the form's."""
    if algorithm != form.master:
        message = f"form {form.name} needs a master key of {form.master}, this one is {algorithm}"
        raise UnusableKey(message)
