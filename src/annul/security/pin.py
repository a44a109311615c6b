"""PIN blocks: ISO 9564-1 formats 0, 1, 3 and 4, and the terminals' form without a card number.

A PIN field begins with the format's digit and the PIN's length. Formats 0 and 3 combine it with the
twelve digits before the card's check digit; they differ in the fill, F or random A to F. Format 1
knows no card, and its fill is random. Format 4 is enciphered twice, with the field of the card
number combined between. The terminals' form is format 0 that is combined with nothing; under SM4 a
block of format 0 has sixteen bytes.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .ciphers import AES, DES, SM, TDES, BlockCipher
from .errors import PinBlockError

_SHORTEST, _LONGEST = 4, 12
_ACCOUNT: Final = 12  # digits of the card number that formats 0 and 3 take
_LONGEST_PAN: Final = 19


class PinFormat(StrEnum):
    """How a PIN stands in its block; the digit is that of ISO 9564-1."""

    ISO_0 = "0"
    ISO_1 = "1"
    ISO_3 = "3"
    ISO_4 = "4"
    BARE = "bare"  # format 0 without a card number, of terminals only


@dataclass(frozen=True, slots=True)
class _Form:
    """How a format fills its field, whether a card number is bound in, and under which ciphers."""

    digit: str
    fill: Callable[[int], str]  # so many hexadecimal digits
    filled: str  # what the fill may consist of
    ciphers: tuple[str, ...]
    bound: bool = True


def _random(digits: str) -> Callable[[int], str]:
    return lambda size: "".join(secrets.choice(digits) for _ in range(size))


_LETTERS: Final = "ABCDEF"
_ANY: Final = "0123456789ABCDEF"
_WITH_DES: Final = (DES, TDES)


def _always(letter: str) -> Callable[[int], str]:
    return lambda size: letter * size


_FORMS: Final = {
    PinFormat.ISO_0: _Form("0", _always("F"), "F", (*_WITH_DES, SM)),
    PinFormat.ISO_1: _Form("1", _random(_ANY), _ANY, _WITH_DES, bound=False),
    PinFormat.ISO_3: _Form("3", _random(_LETTERS), _LETTERS, _WITH_DES),
    PinFormat.ISO_4: _Form("4", _always("A"), "A", (AES,)),
    PinFormat.BARE: _Form("0", _always("F"), "F", (*_WITH_DES, SM), bound=False),
}
# Hexadecimal digits of what carries the PIN, where that is not the whole block: format 4 fills
# the other half with random digits.
_PIN_HALF: Final = 16


def fits(pin_format: PinFormat, algorithm: str) -> bool:
    """Say whether blocks of a format are enciphered under keys of this cipher."""
    return algorithm in _FORMS[pin_format].ciphers


def seal(pin: str, pan: str, key: BlockCipher, pin_format: PinFormat) -> bytes:
    """Build and encipher a block; raises `PinBlockError` for what no such block can hold."""
    form = _form_under(key, pin_format)
    if not (_digits(pin) and _SHORTEST <= len(pin) <= _LONGEST):
        raise PinBlockError
    if pin_format is PinFormat.ISO_4:
        field = _filled(form, pin, _PIN_HALF) + secrets.token_hex(_PIN_HALF // 2)
        return _encipher_twice(key, bytes.fromhex(field), pan)
    field = bytes.fromhex(_filled(form, pin, 2 * key.block))
    return key.encrypt(_combined(field, _account(pan, key.block)) if form.bound else field)


def unseal(encrypted: bytes, pan: str, key: BlockCipher, pin_format: PinFormat) -> str:
    """Decipher a block and give its PIN; raises `PinBlockError` when it is none of this format."""
    form = _form_under(key, pin_format)
    if len(encrypted) != key.block:
        raise PinBlockError
    clear = key.decrypt(encrypted)
    if pin_format is PinFormat.ISO_4:
        clear = key.decrypt(_combined(clear, _account_4(pan)))[: _PIN_HALF // 2]
    elif form.bound:
        clear = _combined(clear, _account(pan, key.block))
    text = clear.hex().upper()
    length = int(text[1], 16)
    pin, fill = text[2 : 2 + length], text[2 + length :]
    if text[0] != form.digit or not _SHORTEST <= length <= _LONGEST or not _digits(pin):
        raise PinBlockError
    if fill.strip(form.filled):
        raise PinBlockError
    return pin


def translate(
    encrypted: bytes,
    pan: str,
    source: BlockCipher,
    target: BlockCipher,
    *,
    source_format: PinFormat,
    target_format: PinFormat,
) -> bytes:
    """Re-encipher a PIN under another key, in the same or another format.

    A PIN that is bound to a card number stays bound to it, since out of a block without one it
    could be tried with any card: formats 0, 3 and 4 go to one another only. What knows no card yet
    may be bound. Raises `PinBlockError`. Source: ISO 9564-1, and PCI PIN requirement 3 which
    repeats it.
    """
    if _FORMS[source_format].bound and not _FORMS[target_format].bound:
        raise PinBlockError
    if target_format is PinFormat.BARE:  # no issuer's
        raise PinBlockError
    return seal(unseal(encrypted, pan, source, source_format), pan, target, target_format)


def _form_under(key: BlockCipher, pin_format: PinFormat) -> _Form:
    form = _FORMS[pin_format]
    if key.algorithm not in form.ciphers:
        raise PinBlockError
    return form


def _filled(form: _Form, pin: str, size: int) -> str:
    field = f"{form.digit}{len(pin):x}{pin}"
    return field + form.fill(size - len(field))


def _account(pan: str, size: int) -> bytes:
    """Give the card's field for formats 0 and 3: twelve digits before the last one."""
    if not _digits(pan):
        raise PinBlockError
    digits = pan[-_ACCOUNT - 1 : -1].rjust(_ACCOUNT, "0")
    return bytes.fromhex(digits.rjust(2 * size, "0"))


def _account_4(pan: str) -> bytes:
    """Give the card's field for format 4: how many digits beyond twelve, all digits, zeros."""
    if not (_digits(pan) and len(pan) <= _LONGEST_PAN):
        raise PinBlockError
    digits = pan.rjust(_ACCOUNT, "0")
    return bytes.fromhex(f"{len(digits) - _ACCOUNT}{digits}".ljust(32, "0"))


def _encipher_twice(key: BlockCipher, field: bytes, pan: str) -> bytes:
    return key.encrypt(_combined(key.encrypt(field), _account_4(pan)))


def _combined(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
