"""One local master key, a separate key for each purpose."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive(master: bytes, purpose: str) -> bytes:
    """Give the 32-byte key of a purpose (HKDF-SHA256)."""
    return HKDF(SHA256(), 32, salt=None, info=f"annul {purpose}".encode()).derive(master)


def check_value(master: bytes) -> bytes:
    """Give the 32 bytes by which a master key is known, and which tell nothing of it."""
    return derive(master, "check value")
