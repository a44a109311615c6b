"""Message authentication codes as terminals and issuers use them; each gives 8 bytes.

Sources: UnionPay POS rules (ECB kind, with DES and with SM4), ANSI X9.9 and X9.19, NIST SP 800-38B
(CMAC, of which the first eight bytes are the code). Data is filled with zeros to whole blocks, but
for CMAC, which has its own filling.
"""

import hmac
from collections.abc import Callable
from enum import StrEnum
from struct import unpack
from typing import Final

from .ciphers import AES, DES, SM, TDES, BlockCipher
from .errors import UnusableKey


class MacAlgorithm(StrEnum):
    """Which code a terminal or an issuer expects."""

    UNIONPAY_ECB = "unionpay_ecb"
    X9_9 = "x9_9"
    X9_19 = "x9_19"
    SM4 = "sm4"
    SM4_CMAC = "sm4_cmac"
    AES_CMAC = "aes_cmac"


# These fold all blocks with XOR before any key comes in. Whoever has seen one message with its code
# can write another of which the blocks fold to the same: any text, and one block that equalises it.
# The code of the first is right for it, so the key need not be known. Such a code tells accidents,
# not attacks: it needs a line that nobody else can write to (TLS), or a better algorithm.
EQUALISABLE: Final = frozenset({MacAlgorithm.UNIONPAY_ECB, MacAlgorithm.SM4})


def goes_with(algorithm: MacAlgorithm, cipher: str) -> bool:
    """Say whether keys of this cipher make such a code."""
    return (algorithm, cipher) in _ALGORITHMS


def mac(algorithm: MacAlgorithm, key: BlockCipher, data: bytes) -> bytes:
    """Compute the code of `data` under `key`; raises `UnusableKey` for a key of another cipher."""
    made = _ALGORITHMS.get((algorithm, key.algorithm))
    if made is None:
        message = f"a {key.algorithm} key makes no {algorithm} code"
        raise UnusableKey(message)
    return made(key, data)


def verify(algorithm: MacAlgorithm, key: BlockCipher, data: bytes, code: bytes) -> bool:
    """Compare in constant time; raises `UnusableKey` for a key of another cipher."""
    return hmac.compare_digest(mac(algorithm, key, data), code)


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
    """CBC with single DES."""
    return key.chain(data + bytes(-len(data) % 8))


def _x9_9_left(key: BlockCipher, data: bytes) -> bytes:
    """Do the same with the first half of a double-length key."""
    return _x9_9(key.left, data)


def _x9_19(key: BlockCipher, data: bytes) -> bytes:
    """CBC with the first half of the key, the last block with both: the retail MAC."""
    data += bytes(-len(data) % 8)
    chained = key.left.chain(data[:-8]) if len(data) > 8 else bytes(8)
    last = int.from_bytes(chained, "big") ^ int.from_bytes(data[-8:], "big")
    return key.encrypt(last.to_bytes(8, "big"))


def _cmac(key: BlockCipher, data: bytes) -> bytes:
    """CMAC, cut to the eight bytes that field 64 has."""
    return key.cmac(data)[:8]


# By the algorithm and the cipher of the key; what does not stand here does not go together.
_ALGORITHMS: Final[dict[tuple[str, str], Callable[[BlockCipher, bytes], bytes]]] = {
    (MacAlgorithm.UNIONPAY_ECB, DES): _unionpay,
    (MacAlgorithm.UNIONPAY_ECB, TDES): _unionpay,
    (MacAlgorithm.X9_9, DES): _x9_9,
    (MacAlgorithm.X9_9, TDES): _x9_9_left,
    (MacAlgorithm.X9_19, DES): _x9_9,  # both halves alike
    (MacAlgorithm.X9_19, TDES): _x9_19,
    (MacAlgorithm.SM4, SM): _sm4,
    (MacAlgorithm.SM4_CMAC, SM): _cmac,
    (MacAlgorithm.AES_CMAC, AES): _cmac,
}
