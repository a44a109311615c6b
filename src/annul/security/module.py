"""What annul asks of whatever holds its keys: software now, an HSM over PKCS#11 as well."""

from collections.abc import Mapping
from typing import Protocol

from .keys import KeyKind, WorkingKeys, WrappedKey
from .mac import MacAlgorithm


class SecurityModule(Protocol):
    """Clear keys never leave it, but for the one component that a terminal is loaded with."""

    def generate(self, kind: KeyKind, algorithm: str) -> WrappedKey:
        """Make a random key."""
        ...

    def import_key(self, kind: KeyKind, algorithm: str, clear: bytes) -> WrappedKey:
        """Take a key that came from outside, such as a terminal's or an issuer's."""
        ...

    def export_under(self, key: WrappedKey, master: WrappedKey) -> bytes:
        """Give a key encrypted under a terminal's master key."""
        ...

    def issue_working_keys(self, master: WrappedKey, network: str) -> WorkingKeys:
        """Make fresh working keys for a sign-in of field 60.3 = `network`."""
        ...

    def field62(self, keys: Mapping[KeyKind, WrappedKey], master: WrappedKey, form: str) -> bytes:
        """Build field 62 again for keys that were issued before; the same keys give the same."""
        ...

    def mac(self, key: WrappedKey, algorithm: MacAlgorithm, data: bytes) -> bytes:
        """Compute a code of eight bytes under a key of kind MAC or MAC_BACK."""
        ...

    def verify_mac(
        self, key: WrappedKey, algorithm: MacAlgorithm, data: bytes, code: bytes
    ) -> bool:
        """Check a code in constant time, under a key of kind MAC only."""
        ...

    def translate_pin(
        self,
        encrypted: bytes,
        pan: str,
        source: WrappedKey,
        target: WrappedKey,
        *,
        source_has_pan: bool = True,
    ) -> bytes:
        """Re-encrypt a PIN block from the terminal's key to the issuer's."""
        ...
