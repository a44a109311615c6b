"""Block ciphers of the trade with ready contexts: an ECB context serves any number of blocks."""

from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES as AES_CIPHER
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.cmac import CMAC

from .errors import UnusableKey

DES: Final = "des"  # 8 bytes
TDES: Final = "3des"  # 16 bytes
SM: Final = "sm4"  # 16 bytes
AES: Final = "aes"  # 16 bytes: AES-128

SIZES: Final = {DES: 8, TDES: 16, SM: 16, AES: 16}  # of a key
BLOCKS: Final = {DES: 8, TDES: 8, SM: 16, AES: 16}


class BlockCipher:
    """One key of one algorithm. Contexts are kept, so that a block costs no set-up."""

    __slots__ = ("_chain", "_cmac", "_decrypt", "_encrypt", "_key", "_last", "_left", "algorithm")

    def __init__(self, algorithm: str, key: bytes) -> None:
        """Check the length; raises `UnusableKey` for a wrong one or an unknown algorithm."""
        if SIZES.get(algorithm) != len(key):
            message = f"a key of {len(key)} bytes is none of {algorithm}"
            raise UnusableKey(message)
        self.algorithm = algorithm
        self._key = key
        self._encrypt: CipherContext | None = None
        self._decrypt: CipherContext | None = None
        self._chain: CipherContext | None = None
        self._cmac: CMAC | None = None
        self._last = 0
        self._left: BlockCipher | None = None

    @property
    def block(self) -> int:
        """Bytes of a block."""
        return BLOCKS[self.algorithm]

    @property
    def left(self) -> "BlockCipher":
        """The first half of a double-length DES key as a key of its own."""
        if self._left is None:
            self._left = BlockCipher(DES, self._key[:8])
        return self._left

    def encrypt(self, data: bytes) -> bytes:
        """Encrypt whole blocks, each on its own."""
        if self._encrypt is None:
            self._encrypt = Cipher(self._algorithm(), modes.ECB()).encryptor()  # noqa: S305 - the trade's
        return self._encrypt.update(data)

    def decrypt(self, data: bytes) -> bytes:
        """Decrypt whole blocks, each on its own."""
        if self._decrypt is None:
            self._decrypt = Cipher(self._algorithm(), modes.ECB()).decryptor()  # noqa: S305 - the trade's
        return self._decrypt.update(data)

    def chain(self, data: bytes) -> bytes:
        """Encrypt whole blocks in CBC from a zero vector and give the last one."""
        size = self.block
        if self._chain is None:
            self._chain = Cipher(self._algorithm(), modes.CBC(bytes(size))).encryptor()
        # The context goes on from its last block, so that block is taken out of the first one.
        first = int.from_bytes(data[:size], "big") ^ self._last
        result = self._chain.update(first.to_bytes(size, "big") + data[size:])[-size:]
        self._last = int.from_bytes(result, "big")
        return result

    def cmac(self, data: bytes) -> bytes:
        """Give the CMAC of any bytes (NIST SP 800-38B), a whole block long."""
        if self._cmac is None:
            self._cmac = CMAC(self._algorithm())
        running = self._cmac.copy()
        running.update(data)
        return running.finalize()

    def check_value(self) -> bytes:
        """First four bytes of the encryption of zeros."""
        return self.encrypt(bytes(self.block))[:4]

    def _algorithm(self) -> TripleDES | SM4 | AES_CIPHER:
        if self.algorithm == SM:
            return SM4(self._key)
        if self.algorithm == AES:
            return AES_CIPHER(self._key)
        return TripleDES((self._key * 3)[:24])  # K1 K1 K1, or K1 K2 K1

    def __repr__(self) -> str:
        return f"<BlockCipher {self.algorithm}>"
