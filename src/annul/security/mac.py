"""Message authentication codes as terminals and issuers use them; each gives 8 bytes.

Sources: UnionPay POS rules (ECB kind, with DES and with SM4), ANSI X9.9 and X9.19. Data is filled
with zeros to whole blocks.
"""

import hmac
from collections.abc import Callable
from enum import StrEnum
from struct import unpack
from typing import Final

from .ciphers import TDES, BlockCipher


class MacAlgorithm(StrEnum):
    """Which code a terminal or an issuer expects."""

    UNIONPAY_ECB = "unionpay_ecb"
    X9_9 = "x9_9"
    X9_19 = "x9_19"
    SM4 = "sm4"


def mac(algorithm: MacAlgorithm, key: BlockCipher, data: bytes) -> bytes:
    """Compute the code of `data` under `key`."""
    return _ALGORITHMS[algorithm](key, data)


def verify(algorithm: MacAlgorithm, key: BlockCipher, data: bytes, code: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(_ALGORITHMS[algorithm](key, data), code)


def _unionpay(key: BlockCipher, data: bytes) -> bytes:
    """Fold all blocks into one, spread it over 16 hexadecimal digits, encrypt both halves in chain.

    The code is the first eight hexadecimal digits of the result, as characters.
    """
    if len(data) % 8:
        data += bytes(-len(data) % 8)
    folded = 0
    for block in unpack(f">{len(data) // 8}Q", data):
        folded ^= block
    digits = b"%016X" % folded
    first = int.from_bytes(key.encrypt(digits[:8]), "big")
    second = first ^ int.from_bytes(digits[8:], "big")
    return key.encrypt(second.to_bytes(8, "big")).hex().upper()[:8].encode()


def _sm4(key: BlockCipher, data: bytes) -> bytes:
    """Do the same with blocks of sixteen bytes, as the SM4 variant of the rules says."""
    data += bytes(-len(data) % 16)
    folded = 0
    for at in range(0, len(data), 16):
        folded ^= int.from_bytes(data[at : at + 16], "big")
    digits = b"%032X" % folded
    first = int.from_bytes(key.encrypt(digits[:16]), "big")
    second = first ^ int.from_bytes(digits[16:], "big")
    return key.encrypt(second.to_bytes(16, "big")).hex().upper()[:8].encode()


def _x9_9(key: BlockCipher, data: bytes) -> bytes:
    """CBC with single DES; of a double-length key the first half."""
    single = key.left if key.algorithm == TDES else key
    return single.chain(data + bytes(-len(data) % 8))


def _x9_19(key: BlockCipher, data: bytes) -> bytes:
    """CBC with the first half of the key, the last block with both: the retail MAC."""
    if key.algorithm != TDES:
        return _x9_9(key, data)
    data += bytes(-len(data) % 8)
    chained = key.left.chain(data[:-8]) if len(data) > 8 else bytes(8)
    last = int.from_bytes(chained, "big") ^ int.from_bytes(data[-8:], "big")
    return key.encrypt(last.to_bytes(8, "big"))


_ALGORITHMS: Final[dict[MacAlgorithm, Callable[[BlockCipher, bytes], bytes]]] = {
    MacAlgorithm.UNIONPAY_ECB: _unionpay,
    MacAlgorithm.X9_9: _x9_9,
    MacAlgorithm.X9_19: _x9_19,
    MacAlgorithm.SM4: _sm4,
}
