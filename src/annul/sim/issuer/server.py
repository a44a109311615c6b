"""The issuer's socket: interbank messages in, answers out, with the faults that were asked for."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from annul.renewal import Port, listen
from annul.security.errors import PinBlockError
from annul.security.keys import KeyKind
from annul.security.mac import MacAlgorithm
from annul.security.pin import PinFormat, unseal
from annul.wire.codec import Codec, Message
from annul.wire.errors import DecodeError, FrameError
from annul.wire.framing import Framer, Framing

from .answers import NETWORK, NETWORK_ANSWER, Answers, IssuerReply, replies
from .books import Books, IssuerKind, kind_of
from .entries import BookEntry, Key
from .faults import REVERSAL, FaultKind, Faults, Met
from .keys import SimulatedKeys

log = structlog.get_logger(__name__)

_REVERSALS: Final = frozenset({"0400", "0420"})
_SCANNED: Final = "03"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A message as the books see it."""

    message: Message
    key: Key
    kind: IssuerKind | None
    reversal: bool
    pan: str
    amount: int
    merchant: str
    terminal: str

    @classmethod
    def of(cls, message: Message) -> "_Asked":
        get = message.get
        reversal = message.mti in _REVERSALS
        return cls(
            message,
            Key.of(get(7, ""), get(11, ""), get(32, ""), get(33, "")),
            None if reversal else kind_of(message.mti, get(3, ""), get(25, "")),
            reversal,
            get(2, ""),
            int(get(4, "0")),
            get(42, ""),
            get(41, ""),
        )

    @property
    def name(self) -> str:
        """What faults are aimed by."""
        return REVERSAL if self.reversal else self.kind.name if self.kind else ""

    @property
    def original(self) -> Key:
        """What field 90 names."""
        return Key.named(self.message.get(90, ""))


class IssuerServer:
    """Serves acquirers. `maintenance` answers 91, `silent` nothing at all."""

    def __init__(
        self,
        books: Books,
        faults: Faults,
        codec: Codec,
        framing: Framing,
        now: Callable[[], datetime],
        keys: SimulatedKeys | None = None,
        *,
        pin_format: PinFormat = PinFormat.ISO_0,
        mac_algorithm: MacAlgorithm = MacAlgorithm.X9_19,
    ) -> None:
        self.books = books
        self.faults = faults
        self.maintenance = False
        self.silent = False
        self.served = 0
        self.garbled = 0
        self.not_known = 0  # requests that are of no kind that there is
        self.now = now
        self._codec = codec
        self._framing = framing
        self.keys = keys or SimulatedKeys(codec, mac_algorithm, None, None)
        self._answers = Answers(codec, self.keys, mac_algorithm)
        self._pin_format = pin_format
        self._connections: dict[_Connection, None] = {}  # the newest last
        # Requests that are to be booked late.
        self._waiting: dict[Key, asyncio.TimerHandle] = {}
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
        """Close the port and every connection; what was to be booked late is not."""
        for waiting in self._waiting.values():
            waiting.cancel()
        self._waiting.clear()
        if self._port is not None:
            await self._port.close()
        for connection in tuple(self._connections):
            connection.close()
        await asyncio.sleep(0)

    def opened(self, connection: "_Connection") -> None:
        """Remember a connection."""
        self._connections[connection] = None

    def closed(self, connection: "_Connection") -> None:
        """Forget a connection."""
        self._connections.pop(connection, None)

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
        if message.mti == NETWORK:
            if not self.silent:
                self._serve_network(connection, message)
        elif message.mti == NETWORK_ANSWER:
            self.keys.answered(message)
        elif self._answers.genuine(message):
            self._serve(connection, _Asked.of(message))
        else:
            connection.send(self._answers.build(message, IssuerReply("A0", {})))

    def pack(self, body: bytes) -> bytes:
        """Frame an answer."""
        return self._framing.pack(body)

    def change_key(self, kind: KeyKind, *, wrong_check: bool = False) -> bool:
        """Send a new key to who connected last; False when nobody is there."""
        connection = next(reversed(self._connections), None)
        if connection is not None:
            connection.send(self.keys.bring(kind, self.now(), wrong_check=wrong_check))
        return connection is not None

    # One message ----------------------------------------------------------------------------

    def _serve_network(self, connection: "_Connection", message: Message) -> None:
        plain = self._answers.build(message, IssuerReply("00", {70: message[70]}))
        for body in self.keys.answer(message, self.now()) or [plain]:
            connection.send(body)

    def _serve(self, connection: "_Connection", asked: _Asked) -> None:
        if asked.key in self._waiting and not asked.reversal:
            return  # asked again, and still not a word
        met = self.faults.draw(asked.name, asked.pan, asked.merchant, asked.terminal, asked.amount)
        kinds = met.kinds
        if FaultKind.CLOSE_BEFORE in kinds:
            connection.close()
            return
        if self.silent or FaultKind.LOST_REQUEST in kinds:
            return
        late = met.late_s is not None and not self.maintenance and asked.kind is not None
        if late and self.books.find(asked.key, asked.merchant) is None:
            self._waiting[asked.key] = asyncio.get_running_loop().call_later(
                met.late_s or 0.0, self._book_late, connection, asked, met
            )
            return
        said = self._rule(asked, met)
        if FaultKind.CLOSE_AFTER in kinds:
            connection.close()
        elif FaultKind.LOST_ANSWER not in kinds:
            self._send(connection, asked, said, met)

    def _rule(self, asked: _Asked, met: Met) -> list[IssuerReply]:
        """Do what a message asks for, and give what is said to it."""
        if self.maintenance:
            return [IssuerReply(self.books.policy.code("maintenance", "91"), {})]
        if asked.reversal:
            # Refused by a fault it is not looked at, whatever was booked.
            code = met.code or self.books.reverse(asked.original, self.now(), asked.merchant)
            return [IssuerReply(code, {})]
        if asked.kind is None:
            self.not_known += 1
            return [IssuerReply("40", {})]
        return self._say(asked, self._book(asked, asked.kind, met), met)

    def _book(self, asked: _Asked, kind: IssuerKind, met: Met, *, late: bool = False) -> BookEntry:
        named = self.books.original(asked.original, asked.merchant) if kind.undoes else None
        return self.books.request(
            kind,
            asked.key,
            asked.pan,
            asked.amount,
            self.now(),
            merchant=asked.merchant,
            terminal=asked.terminal,
            original=named.key if named else None,
            rrn=asked.message.get(37, ""),
            forced=met.code or self._pin_ruling(asked),
            booking=met.booking(asked.amount),
            late=late,
        )

    def _book_late(self, connection: "_Connection", asked: _Asked, met: Met) -> None:
        """Book what was silent so far, even if it was reversed meanwhile, and say so or not.

        The answer takes another connection when its own has ended.
        """
        del self._waiting[asked.key]
        assert asked.kind is not None, "only requests are booked late"
        said = self._say(asked, self._book(asked, asked.kind, met, late=True), met)
        if FaultKind.BOOKS_LATE in met.kinds:
            alive = connection in self._connections
            way = connection if alive else next(reversed(self._connections), None)
            if way is not None:
                self._send(way, asked, said, met)

    def _say(self, asked: _Asked, entry: BookEntry, met: Met) -> list[IssuerReply]:
        said = replies(
            entry,
            met,
            today=f"{self.now():%m%d}",
            balance=self.books.account(asked.pan).balance if asked.name == "balance" else None,
            scanned=asked.name == "sale" and asked.message.get(22, "").startswith(_SCANNED),
        )
        entry.said = said[-1].code
        return said

    def _pin_ruling(self, asked: _Asked) -> str:
        """Give the code that refuses the PIN: 55 when wrong, 99 when it can not be read."""
        block = asked.message.get(52)
        key = self.keys.force[KeyKind.PIN]
        if not isinstance(block, bytes) or key is None:
            return ""
        try:
            said = unseal(block, asked.pan, key, self._pin_format)
        except PinBlockError:
            return "99"
        return "" if self.books.account(asked.pan).pin in {"", said} else "55"

    def _send(
        self, connection: "_Connection", asked: _Asked, said: list[IssuerReply], met: Met
    ) -> None:
        times = 2 if FaultKind.DUPLICATE in met.kinds else 1
        for reply in said * times:
            body = self._answers.build(asked.message, reply, met)
            if met.delay_s:
                asyncio.get_running_loop().call_later(met.delay_s, connection.send, body)
            else:
                connection.send(body)


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
