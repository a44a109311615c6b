"""The TCP server for terminals: frames in, answers out, each connection on its own."""

import asyncio
from typing import Any

import structlog

from annul.wire.errors import FrameError
from annul.wire.framing import REQUIREMENTS, Frame, Framer, Framing, reply_head

from .host import Host

log = structlog.get_logger(__name__)


class TerminalConnection(asyncio.Protocol):
    """One connection of a terminal; nothing that arrives here can disturb another one."""

    def __init__(self, server: "TerminalServer") -> None:
        self._server = server
        self._framer = Framer(server.framing, server.frame_limit)
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or close it when there are too many."""
        self._transport = transport
        self._server.opened(self, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; requests under way still run to their end."""
        del exc  # a terminal that goes away is no news
        self._transport = None
        self._server.closed(self)

    def data_received(self, data: bytes) -> None:
        """Serve each whole frame in a task of its own."""
        self._server.touched(self)
        try:
            frames = self._framer.feed(data)
        except FrameError as error:
            self._server.garbage += 1
            log.info("frame_refused", reason=str(error))
            self.close()
            return
        for frame in frames:
            self._server.serve(self, frame)

    def answer(self, head: bytes, body: bytes, requirement: int = 0) -> bool:
        """Send an answer; False when the terminal is not there any more."""
        if self._transport is None:
            return False
        self._transport.write(self._server.framing.pack(body, reply_head(head, requirement)))
        return True

    def close(self) -> None:
        """Close after what is already written."""
        if self._transport is not None:
            self._transport.close()


class TerminalServer:
    """Listens for terminals. Over `max_in_flight` requests it answers 96 at once, not late."""

    def __init__(
        self,
        host: Host,
        framing: Framing,
        *,
        frame_limit: int = 4096,
        max_in_flight: int = 5_000,
        max_connections: int = 20_000,
        idle_s: float = 600.0,
    ) -> None:
        self.host = host
        self.framing = framing
        self.frame_limit = frame_limit
        self.garbage = 0
        self.refused = 0
        self._max_in_flight = max_in_flight
        self._max_connections = max_connections
        self._idle_s = idle_s
        self._connections: dict[TerminalConnection, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; give the port (a free one when `port` is 0)."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: TerminalConnection(self), host, port, backlog=1024, reuse_address=True
        )
        self._sweep(loop)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, grace_s: float = 20.0) -> None:
        """Take no more requests, finish those under way, then close the connections."""
        if self._server is not None:
            self._server.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        for connection in tuple(self._connections):
            connection.close()

    @property
    def connections(self) -> int:
        """How many terminals are connected."""
        return len(self._connections)

    def opened(self, connection: TerminalConnection, transport: asyncio.BaseTransport) -> None:
        """Register a new connection, or close it at once when there are too many."""
        if len(self._connections) >= self._max_connections:
            self.refused += 1
            transport.close()
        self._connections[connection] = asyncio.get_running_loop().time()

    def closed(self, connection: TerminalConnection) -> None:
        """Forget a connection."""
        self._connections.pop(connection, None)

    def touched(self, connection: TerminalConnection) -> None:
        """Remember when a connection last said something."""
        self._connections[connection] = asyncio.get_running_loop().time()

    def serve(self, connection: TerminalConnection, frame: Frame) -> None:
        """Start work on a frame, or refuse it at once when too much is under way."""
        if len(self._tasks) >= self._max_in_flight:
            body = self.host.refuse_busy(frame.body)
            if body is not None:
                connection.answer(frame.head, body)
            return
        task = asyncio.create_task(self._exchange(connection, frame))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _exchange(self, connection: TerminalConnection, frame: Frame) -> None:
        body, station = await self.host.handle(frame.body, frame.head)
        if body is None:
            connection.close()
            return
        wants = station.terminal.wants if station else ""
        if not connection.answer(frame.head, body, REQUIREMENTS[wants]) and station:
            terminal = station.terminal
            self.host.evidence.trouble(terminal.merchant_id, terminal.terminal_id, "link_drops")

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        oldest = loop.time() - self._idle_s
        for connection, seen in tuple(self._connections.items()):
            if seen < oldest:
                connection.close()
        self._sweeper = loop.call_later(self._idle_s / 4, self._sweep, loop)
