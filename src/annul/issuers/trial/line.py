"""A connection of a trial's own: bytes out, bytes in, bounded in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from annul.issuers.connection import connect
from annul.security.tls import ClientTls

_MOST: Final = 65_536  # bytes that are kept of what a peer says


@dataclass(slots=True)
class RawLine(asyncio.Protocol):
    """Keeps what comes; `closed` is set when the peer has ended it."""

    got: bytearray = field(default_factory=bytearray)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end."""
        del exc
        self.closed.set()
        self._news.set()

    def data_received(self, data: bytes) -> None:
        """Keep bytes, up to a bound."""
        self.got += data[: _MOST - len(self.got)]
        self._news.set()

    def send(self, data: bytes) -> None:
        """Write bytes."""
        if not self.closed.is_set():
            self._transport.write(data)

    async def hear(self, within_s: float, rest_s: float) -> bytes:
        """Give what has come: wait for its beginning, then until nothing more comes for a while.

        A peer that never ends is heard for `within_s` and `rest_s` at most.
        """
        loop, waits = asyncio.get_running_loop(), within_s
        until = loop.time() + within_s + rest_s
        while not self.closed.is_set() and len(self.got) < _MOST and loop.time() < until:
            self._news.clear()
            try:
                async with asyncio.timeout(waits):
                    await self._news.wait()
            except TimeoutError:
                break
            waits = rest_s
        got, self.got = bytes(self.got), bytearray()
        return got

    def end(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()


@asynccontextmanager
async def line(
    host: str, port: int, tls: ClientTls | None, within_s: float
) -> AsyncIterator[RawLine]:
    """Connect until the block ends; raises `OSError` and `HandshakeFailed`."""
    connected = await connect(RawLine, host, port, tls, within_s)
    try:
        yield connected
    finally:
        connected.end()
