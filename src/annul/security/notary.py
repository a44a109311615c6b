"""What proves later that something was as it is: a keyed hash for annul, a signature for others."""

import hmac
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from .derive import derive

_TRIED: Final = (ValueError, TypeError, InvalidSignature)


class Notary:
    """Seals and signs under keys derived from the local master key."""

    def __init__(self, local_master_key: bytes) -> None:
        self._sealing = derive(local_master_key, "seal")
        self._signing = Ed25519PrivateKey.from_private_bytes(derive(local_master_key, "signature"))

    def seal(self, content: bytes) -> bytes:
        """Give a keyed hash (HMAC-SHA256), which nobody makes without the master key."""
        return hmac.digest(self._sealing, content, "sha256")

    def sign(self, content: bytes) -> bytes:
        """Give a signature (Ed25519), which `signed` checks with what is public."""
        return self._signing.sign(content)

    @property
    def public_key(self) -> str:
        """Give the public key as PEM: published, so that anybody can check a signature."""
        public = self._signing.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def __repr__(self) -> str:
        return "<Notary>"


def signed(public_key: str, content: bytes, signature: bytes) -> bool:
    """Say whether a signature is that of a content under a public key (PEM)."""
    try:
        key = load_pem_public_key(public_key.encode())
        if not isinstance(key, Ed25519PublicKey):
            return False
        key.verify(signature, content)
    except _TRIED:
        return False
    return True
