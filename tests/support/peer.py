"""A small issuer for these tests: a real server that speaks CUPS and does as it is told."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Self

from annul.domain.records import Issuer
from annul.wire.codec import Codec, Message
from annul.wire.dialects.cups import CUPS
from annul.wire.errors import FrameError
from annul.wire.framing import LENGTH_4, Framer

CODEC = Codec(CUPS)
FRAMING = LENGTH_4
ECHOED = (2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49)

Fields = dict[int, str | bytes]
Script = Callable[[Message], Fields | None]


def answer_to(request: Message, fields: Mapping[int, str | bytes] | None = None) -> Fields:
    """Repeat what an issuer repeats, approve, and let `fields` say otherwise."""
    answer: Fields = {number: request[number] for number in ECHOED if number in request}
    return answer | {15: "1123", 39: "00"} | dict(fields or {})


def sale(trace: int = 1, terminal: int = 1, merchant: int = 1) -> tuple[str, Fields]:
    """Give a sale as annul asks for it."""
    return "0200", {
        2: "6200000000000005",
        3: "000000",
        4: "000000001000",
        7: "1123100000",
        11: f"{trace:06d}",
        12: "100000",
        13: "1123",
        22: "021",
        25: "00",
        32: "48020000",
        33: "48020000",
        37: f"{terminal:06d}{trace:06d}",
        41: f"{terminal:08d}",
        42: f"{merchant:015d}",
        49: "156",
    }


class Peer:
    """Answers network requests by itself while `signs_on`; the rest waits in `requests`.

    With a `script` a request gets what the script says, None for no answer. `tls` counts from the
    next `open` on.
    """

    def __init__(self, script: Script | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.tls = tls
        self.signs_on = True
        self.answers_echo = True
        self.requests: asyncio.Queue[Message] = asyncio.Queue()
        self.network: asyncio.Queue[Message] = asyncio.Queue()
        self.seal: Callable[[str, Fields], bytes] = CODEC.encode
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._transports: list[Any] = []

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Listen, on the same port as before when there was one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Session(self),
            "127.0.0.1",
            self.port,
            reuse_address=True,
            ssl=self.tls,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Take no connections any more and drop those that are there."""
        if self._server is not None:
            self._server.close()
            self.drop()
            await self._server.wait_closed()
            self._server = None

    def issuer(self, issuer_id: str = "62000000", **more: Any) -> Issuer:
        """The row by which annul knows this peer."""
        settings: dict[str, Any] = {"timeout_ms": 15_000} | more
        return Issuer(issuer_id, "测试行", "Test bank", "127.0.0.1", self.port, **settings)

    def send(self, mti: str, fields: Mapping[int, str | bytes]) -> None:
        """Send a message."""
        self.write(FRAMING.pack(self.seal(mti, dict(fields))))

    def answer(self, request: Message, fields: Mapping[int, str | bytes] | None = None) -> None:
        """Answer a request, approved unless `fields` say otherwise."""
        self.send(f"{request.mti[:2]}{int(request.mti[2]) + 1}0", answer_to(request, fields))

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._transports[-1].write(data)

    def drop(self) -> None:
        """Close every connection without a word."""
        for transport in self._transports:
            transport.abort()
        self._transports.clear()

    def deaf(self, *, deaf: bool) -> None:
        """Stop reading from the connection, or go on."""
        transport = self._transports[-1]
        if deaf:
            transport.pause_reading()
        else:
            transport.resume_reading()

    def opened(self, transport: Any) -> None:
        self.connections += 1
        self._transports.append(transport)

    def take(self, message: Message) -> None:
        if message.mti in {"0820", "0830"}:
            self._network(message)
        elif self.script is None:
            self.requests.put_nowait(message)
        else:
            fields = self.script(message)
            if fields is not None:
                self.answer(message, fields)

    def _network(self, message: Message) -> None:
        self.network.put_nowait(message)
        wanted = self.answers_echo if message.get(70) == "301" else True
        if message.mti == "0820" and wanted:
            code = "00" if self.signs_on or message.get(70) != "001" else "91"
            fields: Fields = {number: message[number] for number in (7, 11, 70)}
            self.write(FRAMING.pack(CODEC.encode("0830", fields | {39: code})))


class _Session(asyncio.Protocol):
    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._framer = Framer(FRAMING)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._peer.opened(transport)

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._framer.feed(data)
        except FrameError:
            self._transport.abort()
            return
        for frame in frames:
            self._peer.take(CODEC.decode(frame.body))
