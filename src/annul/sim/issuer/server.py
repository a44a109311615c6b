"""The issuer's socket: interbank messages in, answers out, with the faults that were asked for."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import structlog

from annul.renewal import Port, listen
from annul.security.ciphers import BlockCipher
from annul.security.errors import PinBlockError
from annul.security.mac import MacAlgorithm, mac, verify
from annul.security.pin import pin_of
from annul.wire.codec import Codec, Message
from annul.wire.errors import DecodeError, FrameError
from annul.wire.framing import Framer, Framing
from annul.wire.subfields import Field59

from .books import Books, Entry, Key, kind_of
from .faults import FaultKind, Faults, Met

log = structlog.get_logger(__name__)

_ECHOED: Final = (2, 3, 4, 7, 11, 12, 13, 18, 25, 32, 37, 41, 42, 49)
_REVERSALS: Final = frozenset({"0400", "0420"})
_NETWORK: Final = "0820"
_SCANNED: Final = "03"
_GARBAGE: Final = b"0210" + bytes(range(40))


class IssuerServer:
    """Serves acquirers. `maintenance` answers 91, `silent` nothing at all."""

    def __init__(
        self,
        books: Books,
        faults: Faults,
        codec: Codec,
        framing: Framing,
        now: Callable[[], datetime],
        mac_key: BlockCipher | None = None,
        pin_key: BlockCipher | None = None,
    ) -> None:
        self.books = books
        self.faults = faults
        self.maintenance = False
        self.silent = False
        self.served = 0
        self.garbled = 0
        self._codec = codec
        self._framing = framing
        self._now = now
        self._mac_key = mac_key
        self._pin_key = pin_key
        self._connections: set[_Connection] = set()
        self._port: Port | None = None

    def open(self, host: str, port: int) -> int:
        """Take the port, on which `use` serves; give its number."""
        self._port = Port(listen(host, port), lambda: _Connection(self, Framer(self._framing)))
        return self._port.number

    async def use(self, context: ssl.SSLContext | None) -> None:
        """Serve who connects from now on with this context; None: in plain."""
        assert self._port is not None, "a port is opened first"
        await self._port.use(context)

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._port is not None:
            await self._port.close()
        for connection in tuple(self._connections):
            connection.close()
        await asyncio.sleep(0)

    def opened(self, connection: "_Connection") -> None:
        """Remember a connection."""
        self._connections.add(connection)

    def closed(self, connection: "_Connection") -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def receive(self, connection: "_Connection", body: bytes) -> None:
        """Serve one message."""
        self.served += 1
        try:
            message = self._codec.decode(body)
            message.check()
        except DecodeError as error:
            self.garbled += 1
            log.warning("garbled", field=error.field, expected=error.expected)
            return
        if message.mti == _NETWORK:
            if not self.silent:
                connection.send(self._answer(message, "00", {70: message[70]}))
            return
        if self._mac_key is not None and not self._genuine(message, self._mac_key):
            connection.send(self._answer(message, "A0", {}))
            return
        self._serve(connection, message)

    def _serve(self, connection: "_Connection", message: Message) -> None:
        get = message.get
        pan, amount = get(2, ""), int(get(4, "0"))
        reversal = message.mti in _REVERSALS
        kind = None if reversal else kind_of(message.mti, get(3, ""), get(25, ""))
        name = "reversal" if reversal else kind.name if kind else ""
        met = self.faults.draw(name, pan, get(42, ""), get(41, ""), amount)
        kinds = met.kinds
        if FaultKind.CLOSE_BEFORE in kinds:
            connection.close()
            return
        if self.silent or FaultKind.LOST_REQUEST in kinds:
            return
        fields: dict[int, str | bytes] = {}
        if self.maintenance:
            code = self.books.policy.code("maintenance", "91")
        elif reversal:
            code = met.code or self.books.reverse(_original_key(message), self._now())
        elif kind is None:
            code = "40"
        else:
            entry = self.books.request(
                kind, _key(message), pan, amount, self._now(),
                original=self._original(message, pan) if kind.undoes else None,
                rrn=get(37, ""), sent=get(7, ""),
                forced=met.code or self._pin_ruling(message, pan),
            )  # fmt: skip
            code = entry.code
            fields = self._extras(kind.name, entry, pan)
            if get(22, "").startswith(_SCANNED) and kind.name == "sale":
                fields[59] = Field59.voucher(f"{entry.at:%Y%m%d}{entry.rrn}")
        if FaultKind.CLOSE_AFTER in kinds:
            connection.close()
        elif FaultKind.LOST_ANSWER not in kinds:
            self._send(connection, self._answer(message, code, fields, met), met)

    def _original(self, message: Message, pan: str) -> Key | None:
        """Find what field 90 names: MTI 4, trace 6, time 10, institutions."""
        data = message.get(90, "")
        return self.books.find(
            message.get(42, ""), message.get(41, ""), data[4:10], data[10:20], pan
        )

    def _pin_ruling(self, message: Message, pan: str) -> str:
        """Give the code that refuses the PIN: 55 when wrong, 99 when it can not be read."""
        block = message.get(52)
        if not isinstance(block, bytes) or self._pin_key is None:
            return ""
        try:
            said = pin_of(self._pin_key.decrypt(block), pan)
        except PinBlockError:
            return "99"
        return "" if self.books.account(pan).pin in {"", said} else "55"

    def _extras(self, kind: str, entry: Entry, pan: str) -> dict[int, str | bytes]:
        fields: dict[int, str | bytes] = {15: f"{self._now():%m%d}"}
        if entry.auth_code:
            fields[38] = entry.auth_code
        if kind == "balance":
            fields[54] = f"1002156C{self.books.account(pan).balance:012d}"
        return fields

    def _send(self, connection: "_Connection", body: bytes, met: Met) -> None:
        times = 2 if FaultKind.DUPLICATE in met.kinds else 1
        for _ in range(times):
            if met.delay_s:
                asyncio.get_running_loop().call_later(met.delay_s, connection.send, body)
            else:
                connection.send(body)

    def _answer(
        self,
        message: Message,
        code: str,
        extras: dict[int, str | bytes],
        met: Met | None = None,
    ) -> bytes:
        if met is not None and FaultKind.GARBLED in met.kinds:
            return _GARBAGE
        fields: dict[int, Any] = {n: message[n] for n in _ECHOED if n in message}
        fields[39] = code
        fields |= extras
        mti = f"{message.mti[:2]}{int(message.mti[2]) + 1}0"
        if self._mac_key is None or message.mti == _NETWORK:
            return self._codec.encode(mti, fields)
        body = self._codec.encode_unsigned(mti, fields)
        wrong = met is not None and FaultKind.WRONG_MAC in met.kinds
        return body + (bytes(8) if wrong else mac(MacAlgorithm.X9_19, self._mac_key, body))

    def _genuine(self, message: Message, key: BlockCipher) -> bool:
        code = message.get(self._codec.dialect.mac_field)
        return isinstance(code, bytes) and verify(
            MacAlgorithm.X9_19, key, message.raw[: -len(code)], code
        )

    def pack(self, body: bytes) -> bytes:
        """Frame an answer."""
        return self._framing.pack(body)


class _Connection(asyncio.Protocol):
    """One acquirer's connection."""

    def __init__(self, server: IssuerServer, framer: Framer) -> None:
        self._server = server
        self._framer = framer
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._server.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        self._server.closed(self)

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._framer.feed(data)
        except FrameError as error:
            log.warning("frame_refused", reason=str(error))
            self.close()
            return
        for frame in frames:
            self._server.receive(self, frame.body)

    def send(self, body: bytes) -> None:
        """Send an answer if the other side is still there."""
        if self._transport is not None:
            self._transport.write(self._server.pack(body))

    def close(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()


def _key(message: Message) -> Key:
    get = message.get
    return (get(42, ""), get(41, ""), get(11, ""), get(13, ""))


def _original_key(message: Message) -> Key:
    """Give the key of what a reversal names in field 90, sent by the same terminal."""
    original = message.get(90, "")
    return (message.get(42, ""), message.get(41, ""), original[4:10], original[10:14])
