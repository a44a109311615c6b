"""The security module in software: keys are wrapped with AES-256-GCM under the local master key."""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import mac as codes
from . import pin
from .ciphers import SIZES, TDES, BlockCipher
from .derive import derive
from .errors import UnusableKey
from .keys import (
    Component,
    KeyKind,
    WorkingKeys,
    WrappedKey,
    check_master,
    close_working_keys,
    form_of,
)
from .mac import MacAlgorithm
from .pin import PinFormat

_NONCE: Final = 12
_CACHED: Final = 8_192  # open keys; a host has two or three per terminal
_PERSONS: Final = 2
_CHECKED: Final = 3  # bytes of a check value: what the trade prints, six digits
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

    def import_components(
        self, kind: KeyKind, algorithm: str, components: Sequence[Component]
    ) -> WrappedKey:
        """Put a key together by XOR.

        Raises `UnusableKey` for fewer than two components, a wrong length or check value, and for a
        key that is none: all zeros, or of two halves alike.
        """
        if len(components) < _PERSONS:
            raise UnusableKey("a key takes two components at least, of two persons")
        whole = bytes(SIZES[algorithm])
        for number, part in enumerate(components, 1):
            _checked(BlockCipher(algorithm, part.clear), part.check_value, f"component {number}")
            whole = bytes(a ^ b for a, b in zip(whole, part.clear, strict=True))
        _not_weak(algorithm, whole)
        return self.import_key(kind, algorithm, whole)

    def import_under(
        self, kind: KeyKind, algorithm: str, encrypted: bytes, zone: WrappedKey, check: bytes
    ) -> WrappedKey:
        """Take a working key that came under a zone key.

        Raises `UnusableKey` for a wrong length or check value, and for a key of two halves alike.
        """
        cipher = self._of(zone, KeyKind.ZONE)
        if len(encrypted) != SIZES[algorithm] or len(encrypted) % cipher.block:
            message = f"{len(encrypted)} bytes are no {algorithm} key under one of {zone.algorithm}"
            raise UnusableKey(message)
        clear = cipher.decrypt(encrypted)
        _checked(BlockCipher(algorithm, clear), check, f"the {kind} key")
        _not_weak(algorithm, clear)
        return self.import_key(kind, algorithm, clear)

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
        source_format: PinFormat,
        target_format: PinFormat,
    ) -> bytes:
        """Re-encrypt a PIN block; raises `PinBlockError` when it does not open."""
        return pin.translate(
            encrypted,
            pan,
            self._of(source, KeyKind.PIN),
            self._of(target, KeyKind.PIN),
            source_format=source_format,
            target_format=target_format,
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


def _checked(key: BlockCipher, check: bytes, what: str) -> None:
    """Hold a check value of three bytes at least against a key; raises `UnusableKey`."""
    if len(check) < _CHECKED or not hmac.compare_digest(key.check_value()[: len(check)], check):
        message = f"the check value of {what} is wrong"
        raise UnusableKey(message)


def _not_weak(algorithm: str, clear: bytes) -> None:
    """Refuse what is a key by its length only: zeros, or a 3DES key that is a single one twice."""
    half = len(clear) // 2
    if not any(clear) or (algorithm == TDES and clear[:half] == clear[half:]):
        raise UnusableKey("a key of zeros, or of two halves alike, is none")


def _bound(kind: KeyKind, algorithm: str) -> bytes:
    return f"annul:{kind}:{algorithm}".encode()
