"""Keys and applications of no scheme: synthetic, as is all that tests load terminals with."""

import random
from datetime import date
from typing import Any, Final

from annul.merchants.chips import Aid, CaKey, checksum
from annul.wire.tlv import Tlv

RID: Final = bytes.fromhex("F000000001")
AID: Final = bytes.fromhex("F000000001010101")
EXPIRES: Final = date(2099, 12, 31)
PARAMETERS: Final = (Tlv("DF01", b"\0"), Tlv("9F09", b"\0\x01"), Tlv("DF11", bytes(5)))


def modulus(seed: int, size: int = 128) -> bytes:
    """Give bytes that look like a modulus: odd, and with no zero before them."""
    made = bytearray(random.Random(seed).randbytes(size))
    made[0] |= 0x80
    made[-1] |= 1
    return bytes(made)


def key(index: int = 1, expires: date = EXPIRES, size: int = 128) -> CaKey:
    return CaKey.of(RID, index, expires, modulus(index, size), b"\x03")


def aid(last: int = 1) -> Aid:
    return Aid.of(AID[:-1] + bytes((last,)), PARAMETERS)


def entry(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Give a key as a file has it."""
    made = modulus(number)
    said: dict[str, Any] = {
        "rid": RID.hex(),
        "index": f"{number:02X}",
        "expires": EXPIRES.isoformat(),
        "modulus": made.hex(),
        "exponent": "03",
        "hash": checksum(RID, number, made, b"\x03").hex(),
    }
    return said | changes


def application(**changes: Any) -> dict[str, Any]:
    """Give an application as a file has it."""
    said: dict[str, Any] = {"aid": AID.hex().upper(), "tlv": "DF0101009F09020001DF11050000000000"}
    return said | changes
