"""What annul asks of whatever holds its keys: software now, an HSM over PKCS#11 as well."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from .keys import Component, KeyKind, WorkingKeys, WrappedKey
from .mac import MacAlgorithm
from .pin import PinFormat


class SecurityModule(Protocol):
    """Clear keys never leave it, but for the one component that a terminal is loaded with."""

    def generate(self, kind: KeyKind, algorithm: str) -> WrappedKey:
        """Make a random key."""
        ...

    def import_key(self, kind: KeyKind, algorithm: str, clear: bytes) -> WrappedKey:
        """Take a key that came from outside, such as a terminal's or an issuer's."""
        ...

    def import_components(
        self, kind: KeyKind, algorithm: str, components: Sequence[Component]
    ) -> WrappedKey:
        """Put a key together of what several persons brought, each part with its check value."""
        ...

    def import_under(
        self, kind: KeyKind, algorithm: str, encrypted: bytes, zone: WrappedKey, check: bytes
    ) -> WrappedKey:
        """Take an issuer's working key that came under its zone key, with its check value."""
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
        source_format: PinFormat,
        target_format: PinFormat,
    ) -> bytes:
        """Re-encrypt a PIN block from the terminal's key and format to the issuer's."""
        ...
