"""The issuer's side of keys that change: it makes them, sends them, and goes over to them."""

import asyncio
import secrets
from datetime import datetime
from typing import Any, Final

from annul.domain.link_profile import USUAL
from annul.issuers.key_forms import KeyExchangeForm, SentKey
from annul.issuers.message import network_fields
from annul.security.ciphers import SIZES, BlockCipher
from annul.security.keys import KeyKind
from annul.security.mac import MacAlgorithm, mac
from annul.wire.codec import Codec, Message

_DONE: Final = "00"
_TRACE: Final = 11


class SimulatedKeys:
    """Keys in force, the MAC key before, and new ones by the trace of the message that bore them.

    `in_answers`: who asks for a key is given it with the answer, else in a message of its own.
    `said` are the codes by which key messages were answered.
    """

    def __init__(
        self,
        codec: Codec,
        algorithm: MacAlgorithm,
        mac_key: BlockCipher | None,
        pin_key: BlockCipher | None,
        form: KeyExchangeForm | None = None,
        zone: BlockCipher | None = None,
    ) -> None:
        self.force: dict[KeyKind, BlockCipher | None] = {
            KeyKind.MAC: mac_key,
            KeyKind.PIN: pin_key,
        }
        self.before: BlockCipher | None = None
        self.in_answers = False
        self.said: asyncio.Queue[str] = asyncio.Queue()
        self._codec = codec
        self._algorithm = algorithm
        self._form = form
        self._zone = zone
        self._trace = 0
        self._sent: dict[str, tuple[KeyKind, BlockCipher]] = {}

    @property
    def agreed(self) -> bool:
        """Whether keys can be changed: there is a form of messages, and a zone key."""
        return self._form is not None and self._zone is not None

    @property
    def macs(self) -> tuple[BlockCipher, ...]:
        """What a request may hold under: the key in force, or the one before."""
        keys = (self.force[KeyKind.MAC], self.before)
        return tuple(key for key in keys if key is not None)

    def bring(self, kind: KeyKind, now: datetime, *, wrong_check: bool = False) -> bytes:
        """Make a key and the message that brings it (0820, field 70 = 101)."""
        self._trace += 1
        trace = f"9{self._trace:05d}"
        fresh, fields = self._fresh(kind, wrong_check=wrong_check)
        self._sent[trace] = (kind, fresh)
        return self._sealed(USUAL.network_mti, {**network_fields(trace, now), **fields})

    def answered(self, message: Message) -> None:
        """Go over to a key when its message was answered with 00."""
        sent = self._sent.pop(str(message.get(_TRACE, "")), None)
        if sent is None:
            return
        code = str(message.get(39, ""))
        if code == _DONE:
            self._use(*sent)
        self.said.put_nowait(code)

    def answer(self, message: Message, now: datetime) -> list[bytes]:
        """Give what is said to who asks for a key: one answer, and a message with the key after it.

        Empty for what asks for none.
        """
        asked = str(message.get(70, ""))
        if self._form is None or asked not in self._form.asks.values():
            return []
        kind, mti = self._form.kind_of(message.fields()), "0830"
        fields: dict[int, Any] = {n: message[n] for n in (7, 11, 53, 70)} | {39: _DONE}
        if not self.in_answers:
            return [self._sealed(mti, fields), self.bring(kind, now)]
        fresh, brought = self._fresh(kind)
        said = self._sealed(mti, fields | brought | {70: asked})  # under the key so far
        self._use(kind, fresh)
        return [said]

    def _fresh(
        self, kind: KeyKind, *, wrong_check: bool = False
    ) -> tuple[BlockCipher, dict[int, Any]]:
        assert self._form is not None, "keys are changed in an agreed form"
        assert self._zone is not None, "and under a zone key"
        algorithm = (self.force[kind] or self._zone).algorithm
        clear = secrets.token_bytes(SIZES[algorithm])
        fresh = BlockCipher(algorithm, clear)
        check = bytes(4) if wrong_check else fresh.check_value()
        return fresh, self._form.write(SentKey(kind, self._zone.encrypt(clear), check))

    def _use(self, kind: KeyKind, fresh: BlockCipher) -> None:
        if kind is KeyKind.MAC:
            self.before = self.force[kind]
        self.force[kind] = fresh

    def _sealed(self, mti: str, fields: dict[int, Any]) -> bytes:
        key = self.force[KeyKind.MAC]
        if key is None:
            return self._codec.encode(mti, fields)
        unsigned = self._codec.encode_unsigned(mti, fields)
        return self._codec.sign(unsigned, mac(self._algorithm, key, unsigned))
