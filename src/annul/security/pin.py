"""PIN blocks: ISO 9564-1 format 0, and the terminals' form of it without a card number.

The block is 0, the PIN's length, the PIN, and F up to its end; with a card number it is combined
with the twelve digits before the check digit.
"""

from typing import Final

from .ciphers import BlockCipher
from .errors import PinBlockError

_SHORTEST, _LONGEST = 4, 12
_FORMATS: Final = (8, 16)  # bytes: DES, SM4


def block(pin: str, pan: str = "", size: int = 8) -> bytes:
    """Build a clear PIN block of `size` bytes; raises `PinBlockError` for an impossible PIN."""
    if not (pin.isdigit() and pin.isascii() and _SHORTEST <= len(pin) <= _LONGEST):
        raise PinBlockError
    filled = bytes.fromhex(f"0{len(pin):x}{pin}".ljust(2 * size, "F"))
    return _with(filled, pan) if pan else filled


def pin_of(clear: bytes, pan: str = "") -> str:
    """Take the PIN out of a clear block; raises `PinBlockError`."""
    text = (_with(clear, pan) if pan else clear).hex().upper()
    length = int(text[1], 16)
    pin, fill = text[2 : 2 + length], text[2 + length :]
    if text[0] != "0" or not _SHORTEST <= length <= _LONGEST or not pin.isdigit():
        raise PinBlockError
    if fill.strip("F"):
        raise PinBlockError
    return pin


def translate(
    encrypted: bytes,
    pan: str,
    source: BlockCipher,
    target: BlockCipher,
    *,
    source_has_pan: bool = True,
) -> bytes:
    """Re-encrypt a PIN block under another key, in format 0 with the card number."""
    if len(encrypted) % source.block or len(encrypted) not in _FORMATS:
        raise PinBlockError
    pin = pin_of(source.decrypt(encrypted), pan if source_has_pan else "")
    return target.encrypt(block(pin, pan, target.block))


def _with(clear: bytes, pan: str) -> bytes:
    digits = pan[-13:-1].rjust(12, "0")
    account = bytes.fromhex(digits.rjust(2 * len(clear), "0"))
    return bytes(a ^ b for a, b in zip(clear, account, strict=True))
