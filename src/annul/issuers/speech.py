"""How one issuer is spoken with: its dialect, its framing, its MAC, and its profile."""

from collections.abc import Callable
from typing import Final

import structlog

from annul.domain.records import Issuer
from annul.wire.codec import Codec, Message
from annul.wire.errors import DecodeError, EncodeError, FrameError
from annul.wire.framing import Framing

from .editions import EDITIONS
from .errors import NotSent
from .key_forms import Values
from .message import NETWORK_TIME
from .seal import Seal

log = structlog.get_logger(__name__)

_CLASS, _FUNCTION = 1, 2  # digits of a message type
_NETWORK: Final = "8"
_CODE: Final = 39
# Up to here an answer has said whose it is and what came of it: what is wrong behind does no harm.
_TOLD: Final = 42


def is_network(mti: str) -> bool:
    """Say whether a message is about the line, not about a transaction."""
    return mti[_CLASS] == _NETWORK


def is_answer(mti: str) -> bool:
    """Say whether a message answers another."""
    return mti[_FUNCTION] in "13"


class Speech:
    """Builds frames for an issuer and reads what it says.

    Network messages have no MAC, but for those about keys, which are encoded elsewhere.
    """

    def __init__(self, issuer: Issuer, codec: Codec, framing: Framing, seal: Seal) -> None:
        self._issuer_id = issuer.issuer_id
        self._codec = codec
        self._framing = framing
        self._head = framing.opening
        self._seal = seal
        self._edition = EDITIONS.get(codec.dialect.version)
        self._codes = issuer.profile.codes
        self._left_out = frozenset(issuer.profile.left_out)
        # As its own codes are; of two that mean the same, the first.
        self._own: Final = {ours: own for own, ours in reversed([*issuer.profile.codes.items()])}
        self.plain: Final = codec.encode

    def frame(self, mti: str, fields: Values, encode: Callable[[str, Values], bytes]) -> bytes:
        """Build a frame; raises `NotSent` for values that the dialect does not take."""
        if self._left_out:
            fields = {n: value for n, value in fields.items() if n not in self._left_out}
        if self._own and is_answer(mti):
            fields = {**fields, _CODE: self._own.get(str(fields[_CODE]), fields[_CODE])}
        if self._edition is not None:
            fields = self._edition.told(mti, fields, self._seal.now().astimezone(NETWORK_TIME))
        try:
            return self.framed(encode(mti, fields))
        except (EncodeError, FrameError) as error:
            log.warning("request_not_encodable", issuer=self._issuer_id, reason=str(error))
            raise NotSent from error

    def framed(self, body: bytes) -> bytes:
        """Put a message into a frame; raises `FrameError` for one that is too long."""
        return self._framing.pack(body, self._head)

    def encode(self, mti: str, fields: Values) -> bytes:
        """Encode a message with its MAC, where there is a key. Raises `EncodeError`."""
        return self.plain(mti, fields) if is_network(mti) else self._seal.encode(mti, fields)

    def read(self, body: bytes) -> Message:
        """Read a message; what is wrong behind all that counts is left where it is.

        Raises `DecodeError`. Bytes behind the last field are nothing.
        """
        message = self._read(body)
        if self._edition is None:
            return message
        said = self._edition.heard(message.mti, message.readable(), self._codes)
        return message.saying(said)

    def _read(self, body: bytes) -> Message:
        try:
            return self._codec.decode(body, leftover=True)
        except DecodeError:
            found = self._codec.salvage(body)
            if found is None or found.broken is None or (found.broken.field or 0) <= _TOLD:
                raise
            return found

    def genuine(self, message: Message) -> bool:
        """Check the MAC of a message, where there is a key."""
        values = message.readable()
        if self._edition is not None and self._codec.dialect.mac_fields:
            values = self._read(message.raw).readable()  # as they are numbered on the wire
        return self._seal.holds(message, values)
