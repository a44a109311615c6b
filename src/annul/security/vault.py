"""Secrets at rest: ciphertext of card numbers and files, and a keyed hash to match cards by."""

import hmac
from os import urandom
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from annul.wire.masking import mask_pan

from .derive import derive
from .errors import UnusableKey

_VERSION: Final = b"\x01"
_NONCE: Final = 12


class Vault:
    """Seals and opens under keys derived from the local master key; hashes card numbers."""

    def __init__(self, local_master_key: bytes) -> None:
        self._cipher = AESGCM(derive(local_master_key, "card ciphertext"))
        self._files = AESGCM(derive(local_master_key, "file ciphertext"))
        self._hashing = derive(local_master_key, "card hash")

    def seal(self, pan: str) -> bytes:
        """Encrypt a card number; each time another ciphertext. Nothing for no number."""
        if not pan:
            return b""
        nonce = urandom(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, pan.encode(), _VERSION)

    def open(self, sealed: bytes | None) -> str:
        """Decrypt a card number; raises `UnusableKey` when it was sealed under another key.

        Nothing for one that is not kept any more.
        """
        if not sealed:
            return ""
        nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._cipher.decrypt(nonce, rest, sealed[:1]).decode()
        except (InvalidTag, ValueError):
            message = "a stored card number does not open under this master key"
            raise UnusableKey(message) from None

    def seal_file(self, content: bytes, about: bytes) -> bytes:
        """Encrypt a file; it opens only as what it is `about` (an id), so it can not be swapped."""
        nonce = urandom(_NONCE)
        return _VERSION + nonce + self._files.encrypt(nonce, content, _VERSION + about)

    def open_file(self, sealed: bytes, about: bytes) -> bytes:
        """Decrypt a file; raises `UnusableKey` for another master key, or what it is not about."""
        nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._files.decrypt(nonce, rest, sealed[:1] + about)
        except (InvalidTag, ValueError):
            message = "a stored file does not open under this master key"
            raise UnusableKey(message) from None

    def hash(self, pan: str) -> bytes:
        """Give what a card number is matched by: HMAC-SHA256."""
        return hmac.digest(self._hashing, pan.encode(), "sha256")

    @staticmethod
    def mask(pan: str) -> str:
        """Give what may be shown: first six and last four."""
        return mask_pan(pan)

    def __repr__(self) -> str:
        return "<Vault>"
