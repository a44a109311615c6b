"""Where an issuer's key messages carry what: one declared row for each custom.

Source: ISO 8583:1987, field 70 (101: keys are changed; 161, 162: new ones are asked for) and ISO
13492, which gives fields 53 and 96 to the control and the data of keys. Public sources do not tell
the layout of every network, UnionPay's among them, and customs differ: another issuer is another
row. The code is over the whole message before it, as the fields that a dialect names for other
messages leave the key out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from annul.security.ciphers import SIZES
from annul.security.keys import KeyKind

BRINGS: Final = "101"  # field 70 of a message that brings a key
CHECKED: Final = 4  # bytes of a check value that are compared, of three or more that are sent

Values = Mapping[int, str | bytes]

_INFORMATION: Final = 70
_CONTROL: Final = 53


class KeyFormError(ValueError):
    """A key message does not have the layout that its issuer is known for."""


class SentKey(NamedTuple):
    """A key as it comes: what for, enciphered under the zone key, and its check value."""

    kind: KeyKind
    encrypted: bytes
    check: bytes


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where something stands in a field, from `offset` on, as hexadecimal characters or bytes."""

    field: int
    offset: int = 0
    hexadecimal: bool = True

    def read(self, values: Values, size: int | None = None) -> bytes:
        """Take `size` bytes out of a message, or all there are; raises `KeyFormError`."""
        value = values.get(self.field)
        if self.hexadecimal and isinstance(value, str):
            text = value[self.offset :].strip()
            return _octets(text if size is None else text[: 2 * size])
        if not self.hexadecimal and isinstance(value, bytes):
            end = None if size is None else self.offset + size
            return value[self.offset : end]
        message = f"field {self.field} carries no key data"
        raise KeyFormError(message)


@dataclass(frozen=True, slots=True)
class KeyExchangeForm:
    """One custom. Without a `check` of its own the check value follows the key in its field.

    `tag` stands before the key. `kinds` says by the first digit of field 53 what a key is for,
    `asks` by which field 70 one is asked for.
    """

    name: str
    key: KeyPlace
    check: KeyPlace | None = None
    tag: str = ""
    kinds: Mapping[str, KeyKind] = field(
        default_factory=lambda: {"1": KeyKind.PIN, "2": KeyKind.MAC}
    )
    asks: Mapping[KeyKind, str] = field(
        default_factory=lambda: {KeyKind.PIN: "161", KeyKind.MAC: "162"}
    )

    def kind_of(self, values: Values) -> KeyKind:
        """Say what the key of a message is for; raises `KeyFormError`."""
        kind = self.kinds.get(str(values.get(_CONTROL, ""))[:1])
        if kind is None:
            message = "field 53 names no kind of key"
            raise KeyFormError(message)
        return kind

    def read(self, values: Values, algorithm: str) -> SentKey:
        """Take the key out of a message; raises `KeyFormError`."""
        kind, size = self.kind_of(values), SIZES[algorithm]
        head = str(values.get(self.key.field, ""))[: self.key.offset]
        if self.tag and head != self.tag:
            message = f"field {self.key.field} does not begin with {self.tag}"
            raise KeyFormError(message)
        encrypted = self.key.read(values, size)
        check = (self.check or self._behind(size)).read(values)
        if len(encrypted) != size or not check:
            message = f"field {self.key.field} is too short for a key of {algorithm}"
            raise KeyFormError(message)
        return SentKey(kind, encrypted, check)

    def write(self, sent: SentKey) -> dict[int, str | bytes]:
        """Build the fields that carry a key, as an issuer does."""
        digit = next(digit for digit, kind in self.kinds.items() if kind is sent.kind)
        key = self.tag + sent.encrypted.hex().upper()
        values: dict[int, str | bytes] = {_CONTROL: digit.ljust(16, "0")}
        if self.check is None:
            values[self.key.field] = key + sent.check.hex().upper()
        else:
            values |= {self.key.field: key, self.check.field: sent.check.ljust(8, b"\0")}
        return values | {_INFORMATION: BRINGS}

    def asking(self, kind: KeyKind) -> dict[int, str | bytes]:
        """Build the fields that ask for a new key."""
        digit = next(digit for digit, known in self.kinds.items() if known is kind)
        return {_CONTROL: digit.ljust(16, "0"), _INFORMATION: self.asks[kind]}

    def carries(self, values: Values) -> bool:
        """Say whether an answer brings the key that was asked for."""
        return self.key.field in values

    def _behind(self, size: int) -> KeyPlace:
        return KeyPlace(self.key.field, self.key.offset + 2 * size)


KEY_FORMS: Final[Mapping[str, KeyExchangeForm]] = {
    form.name: form
    for form in (
        KeyExchangeForm("field_48", KeyPlace(48)),
        KeyExchangeForm("field_48_96", KeyPlace(48, 2), KeyPlace(96, hexadecimal=False), "NK"),
        KeyExchangeForm("field_120", KeyPlace(120)),
    )
}


def _octets(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise KeyFormError("key data that are no hexadecimal digits") from None
