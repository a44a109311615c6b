"""What the messages of a link are sealed with, and what those of its issuer are held to."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from annul.domain.records import Issuer
from annul.security.keys import KeyKind
from annul.security.mac import MacAlgorithm
from annul.security.module import SecurityModule
from annul.wire.codec import Codec, Message
from annul.wire.mac_block import MacBlock

from .key_forms import Values
from .key_ring import KeyRing


class Seal:
    """MACs by the issuer's algorithm under the keys of its ring; without a key there are none."""

    def __init__(
        self,
        issuer: Issuer,
        codec: Codec,
        keys: KeyRing,
        security: SecurityModule | None,
        now: Callable[[], datetime],
    ) -> None:
        self.keys: Final = keys
        self._codec = codec
        self._security = security
        self.now: Final = now
        self._algorithm = MacAlgorithm(issuer.mac_algorithm)
        self._block = MacBlock(codec.dialect)

    def encode(self, mti: str, fields: Values) -> bytes:
        """Encode a message, with its MAC. Raises `EncodeError`."""
        key = self.keys.key(KeyKind.MAC)
        if key is None or self._security is None:
            return self._codec.encode(mti, fields)
        unsigned = self._codec.encode_unsigned(mti, fields)
        signed = self._block.of(mti, fields, unsigned)
        return self._codec.sign(unsigned, self._security.mac(key, self._algorithm, signed))

    def holds(self, message: Message, fields: Values) -> bool:
        """Check a MAC, where there is a key. Source: ANSI X9.19, ISO 8583 field 128."""
        keys = self.keys.taken(self.now())
        if not keys or self._security is None:
            return True
        mac = fields.get(self._codec.dialect.mac_field)
        if not isinstance(mac, bytes):
            return False
        signed = self._block.of(message.mti, fields, message.unsigned)
        for one in keys:
            if self._security.verify_mac(one.key, self._algorithm, signed, mac):
                self.keys.heard(one)
                return True
        return False
