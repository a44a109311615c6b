"""How one issuer is spoken with: its dialect, its framing, its MAC, and its profile."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import structlog

from annul.domain.kinds import answer_mti
from annul.domain.records import Issuer
from annul.domain.unexpected import FORMAT_ERROR
from annul.security.keys import WrappedKey
from annul.security.mac import MacAlgorithm
from annul.security.module import SecurityModule
from annul.wire.codec import Codec, Message
from annul.wire.errors import DecodeError, EncodeError, FrameError
from annul.wire.framing import Framing
from annul.wire.mac_block import MacBlock

from .errors import NotSent
from .message import Fields, network_fields

log = structlog.get_logger(__name__)

_CLASS, _FUNCTION = 1, 2  # digits of a message type
_NETWORK: Final = "8"
_CODE: Final = 39
# Up to here an answer has said whose it is and what came of it: what is wrong behind does no harm.
_TOLD: Final = 42
_REPEATED: Final = (7, 11, 12, 13, 32, 33, 53, 70)


def is_network(mti: str) -> bool:
    """Say whether a message is about the line, not about a transaction."""
    return mti[_CLASS] == _NETWORK


def is_answer(mti: str) -> bool:
    """Say whether a message answers another."""
    return mti[_FUNCTION] in "13"


class Speech:
    """Builds frames for an issuer and reads what it says; with a MAC key both ways have a MAC.

    Network messages have none.
    """

    def __init__(
        self,
        issuer: Issuer,
        codec: Codec,
        framing: Framing,
        security: SecurityModule | None = None,
        mac_key: WrappedKey | None = None,
        mac_algorithm: MacAlgorithm = MacAlgorithm.X9_19,
    ) -> None:
        assert mac_key is None or security is not None, "a MAC key needs a module that holds it"
        self.profile: Final = issuer.profile
        self._issuer_id = issuer.issuer_id
        self._codec = codec
        self._framing = framing
        self._head = b"" if framing.interbank else bytes(framing.head)
        self._security = security
        self._mac_key = mac_key
        self._mac_algorithm = mac_algorithm
        self._mac_block = MacBlock(codec.dialect)
        self._left_out = frozenset(issuer.profile.left_out)

    # Saying -------------------------------------------------------------------------------------

    def frame(self, mti: str, fields: Mapping[int, str | bytes]) -> bytes:
        """Build a frame; raises `NotSent` for values that the dialect does not take."""
        if self._left_out:
            fields = {n: value for n, value in fields.items() if n not in self._left_out}
        try:
            return self._framing.pack(self._body(mti, fields), self._head)
        except (EncodeError, FrameError) as error:
            log.warning("request_not_encodable", issuer=self._issuer_id, reason=str(error))
            raise NotSent from error

    def network(self, code: str, trace: str, now: datetime) -> tuple[str, Fields]:
        """Give a network request: `SIGN_ON`, `SIGN_OFF` or `ECHO`. `now` is UTC."""
        return self.profile.network_mti, network_fields(code, trace, now)

    def answer(self, request: Message, code: str = "00") -> bytes:
        """Build the answer to a request of the issuer, as its own codes are; raises `NotSent`."""
        said = next((own for own, ours in self.profile.codes.items() if ours == code), code)
        return self.frame(answer_mti(request.mti), {**request.pick(_REPEATED), _CODE: said})

    def refuse(self, request: Message) -> bytes:
        """Build the answer to a request that annul lacks; raises `NotSent`."""
        return self.answer(request, FORMAT_ERROR)

    def _body(self, mti: str, fields: Mapping[int, str | bytes]) -> bytes:
        key = self._mac_key
        if key is None or self._security is None or is_network(mti):
            return self._codec.encode(mti, fields)
        unsigned = self._codec.encode_unsigned(mti, fields)
        signed = self._mac_block.of(mti, fields, unsigned)
        return self._codec.sign(unsigned, self._security.mac(key, self._mac_algorithm, signed))

    # Hearing ------------------------------------------------------------------------------------

    def read(self, body: bytes) -> Message:
        """Read a message; what is wrong behind all that counts is left where it is.

        Raises `DecodeError`. Bytes behind the last field are nothing.
        """
        try:
            return self._codec.decode(body, leftover=True)
        except DecodeError:
            found = self._codec.salvage(body)
            if found is None or found.broken is None or (found.broken.field or 0) <= _TOLD:
                raise
            return found

    def genuine(self, message: Message) -> bool:
        """Check the MAC of a message. Source: ANSI X9.19, ISO 8583 field 128."""
        if self._mac_key is None or is_network(message.mti):
            return True
        assert self._security is not None
        fields = message.readable()
        mac = fields.get(self._codec.dialect.mac_field)
        if not isinstance(mac, bytes):
            return False
        signed = self._mac_block.of(message.mti, fields, message.unsigned)
        return self._security.verify_mac(self._mac_key, self._mac_algorithm, signed, mac)
