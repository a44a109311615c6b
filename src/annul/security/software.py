"""The security module in software: keys are wrapped with AES-256-GCM under the local master key."""

import secrets
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import mac as codes
from . import pin
from .ciphers import SIZES, BlockCipher
from .derive import derive
from .errors import UnusableKey
from .keys import (
    KeyKind,
    WorkingKeys,
    WrappedKey,
    check_master,
    close_working_keys,
    form_of,
)
from .mac import MacAlgorithm

_NONCE: Final = 12
_CACHED: Final = 8_192  # open keys; a host has two or three per terminal
_WRITES: Final = (KeyKind.MAC, KeyKind.MAC_BACK)  # what the host makes a code with


class SoftwareModule:
    """Holds the local master key; opened keys are cached with their cipher contexts."""

    def __init__(self, local_master_key: bytes) -> None:
        self._wrapping = AESGCM(derive(local_master_key, "key wrapping"))
        self._open: dict[bytes, tuple[KeyKind, BlockCipher]] = {}

    def generate(self, kind: KeyKind, algorithm: str) -> WrappedKey:
        """Make a random key."""
        return self.import_key(kind, algorithm, secrets.token_bytes(SIZES[algorithm]))

    def import_key(self, kind: KeyKind, algorithm: str, clear: bytes) -> WrappedKey:
        """Take a key that came from outside; raises `UnusableKey` for a wrong length."""
        check_value = BlockCipher(algorithm, clear).check_value()
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._wrapping.encrypt(nonce, clear, _bound(kind, algorithm))
        return WrappedKey(kind, algorithm, nonce + sealed, check_value)

    def opens(self, key: WrappedKey) -> bool:
        """Say whether a stored key was wrapped under this local master key."""
        try:
            self._clear(key)
        except UnusableKey:
            return False
        return True

    def export_under(self, key: WrappedKey, master: WrappedKey) -> bytes:
        """Give a key encrypted under a terminal's master key, block by block."""
        if master.kind is not KeyKind.MASTER:
            message = "only a master key encrypts other keys"
            raise UnusableKey(message)
        cipher, clear = self._cipher(master), self._clear(key)
        if len(clear) % cipher.block:
            message = f"a key of {len(clear)} bytes is no whole block of {master.algorithm}"
            raise UnusableKey(message)
        return cipher.encrypt(clear)

    def issue_working_keys(self, master: WrappedKey, network: str) -> WorkingKeys:
        """Make fresh working keys; raises `UnusableKey` for an unknown form."""
        slots = form_of(network).slots
        keys = {slot.kind: self.generate(slot.kind, slot.algorithm) for slot in slots}
        return WorkingKeys(
            pin=keys[KeyKind.PIN],
            mac=keys[KeyKind.MAC],
            data=keys.get(KeyKind.DATA),
            mac_back=keys.get(KeyKind.MAC_BACK),
            field62=self.field62(keys, master, network),
        )

    def field62(self, keys: Mapping[KeyKind, WrappedKey], master: WrappedKey, form: str) -> bytes:
        """Build field 62 of keys that were issued before, always the same for the same keys.

        Raises `UnusableKey` for an unknown form, and when a key or the master is not of the form.
        """
        row = form_of(form)
        check_master(row, master.algorithm)
        handed_out: dict[KeyKind, tuple[bytes, bytes]] = {}
        for slot in row.slots:
            key = keys.get(slot.kind)
            if key is None or (key.kind, key.algorithm) != (slot.kind, slot.algorithm):
                message = f"form {form} needs a {slot.kind} key of {slot.algorithm}"
                raise UnusableKey(message)
            handed_out[slot.kind] = (self.export_under(key, master), key.check_value)
        return close_working_keys(handed_out, form)

    def mac(self, key: WrappedKey, algorithm: MacAlgorithm, data: bytes) -> bytes:
        """Compute a message authentication code of eight bytes."""
        return codes.mac(algorithm, self._of(key, *_WRITES), data)

    def verify_mac(
        self, key: WrappedKey, algorithm: MacAlgorithm, data: bytes, code: bytes
    ) -> bool:
        """Check a code in constant time; a key for answers proves none, so none is played back."""
        return codes.verify(algorithm, self._of(key, KeyKind.MAC), data, code)

    def translate_pin(
        self,
        encrypted: bytes,
        pan: str,
        source: WrappedKey,
        target: WrappedKey,
        *,
        source_has_pan: bool = True,
    ) -> bytes:
        """Re-encrypt a PIN block; raises `PinBlockError` when it does not open."""
        source_cipher = self._of(source, KeyKind.PIN)
        target_cipher = self._of(target, KeyKind.PIN)
        return pin.translate(
            encrypted, pan, source_cipher, target_cipher, source_has_pan=source_has_pan
        )

    def _of(self, key: WrappedKey, *kinds: KeyKind) -> BlockCipher:
        if key.kind not in kinds:
            message = f"a {key.kind} key cannot serve as a {' or '.join(kinds)} key"
            raise UnusableKey(message)
        return self._cipher(key)

    def _cipher(self, key: WrappedKey) -> BlockCipher:
        found = self._open.get(key.wrapped)
        if found is not None and found[0] is key.kind and found[1].algorithm == key.algorithm:
            return found[1]
        cipher = BlockCipher(key.algorithm, self._clear(key))  # refuses another kind's key
        if len(self._open) >= _CACHED:
            self._open.pop(next(iter(self._open)))
        self._open[key.wrapped] = (key.kind, cipher)
        return cipher

    def _clear(self, key: WrappedKey) -> bytes:
        nonce, sealed = key.wrapped[:_NONCE], key.wrapped[_NONCE:]
        try:
            return self._wrapping.decrypt(nonce, sealed, _bound(key.kind, key.algorithm))
        except InvalidTag:
            message = f"the stored {key.kind} key does not open under this master key"
            raise UnusableKey(message) from None


def _bound(kind: KeyKind, algorithm: str) -> bytes:
    return f"annul:{kind}:{algorithm}".encode()
