"""A card's chip as the soft terminal meets it: field 55 of a request, and of what came of it.

Nobody's keys: cryptograms are digests of what they would be over. Source of tags: EMV Book 3.
"""

from datetime import datetime
from hashlib import sha256
from typing import Final

from annul.wire.tlv import Tlv, build, parse

ONLINE: Final = b"\x80"  # 9F27: asks the issuer (ARQC)
APPROVED: Final = b"\x40"  # the end of an approval (TC)
REFUSED: Final = b"\x00"  # refused (AAC)
INSERTED: Final = "05"  # field 22
_CRYPTOGRAM: Final = "9F26"
_SAYS: Final = "9F27"
_SCRIPT_RESULTS: Final = "DF31"


def asks(card: str, amount: int, trace: str, at: datetime) -> bytes:
    """Give field 55 of a request; `amount` in minor units."""
    objects = (
        Tlv(_SAYS, ONLINE),
        Tlv("9F10", bytes.fromhex("07010103A00000010A01")),
        Tlv("9F37", sha256(f"{card}{trace}".encode()).digest()[:4]),
        Tlv("9F36", int(trace).to_bytes(3, "big")[1:]),
        Tlv("95", bytes.fromhex("0000008000")),
        Tlv("9A", bytes.fromhex(f"{at:%y%m%d}")),
        Tlv("9C", b"\x00"),
        Tlv("9F02", bytes.fromhex(f"{amount:012d}")),
        Tlv("5F2A", bytes.fromhex("0156")),
        Tlv("82", bytes.fromhex("7C00")),
        Tlv("9F1A", bytes.fromhex("0156")),
        Tlv("9F03", bytes(6)),
        Tlv("9F33", bytes.fromhex("E0F8C8")),
        Tlv("5A", bytes.fromhex(card + "F" * (len(card) % 2))),
    )
    return build((_over(objects), *objects))


def ends(asked: bytes, *, approved: bool) -> bytes:
    """Give field 55 of what the chip said in the end."""
    says = Tlv(_SAYS, APPROVED if approved else REFUSED)
    objects = tuple(
        says if one.tag == _SAYS else one for one in parse(asked) if one.tag != _CRYPTOGRAM
    )
    return build((_over(objects), *objects))


def carried_out(asked: bytes, *, done: bool) -> bytes:
    """Give field 55 of what became of an issuer's script: `done`, or failed at once."""
    result = b"\x20" if done else b"\x11"
    return ends(asked, approved=True) + build((Tlv(_SCRIPT_RESULTS, result + bytes(4)),))


def _over(objects: tuple[Tlv, ...]) -> Tlv:
    return Tlv(_CRYPTOGRAM, sha256(build(objects)).digest()[:8])
