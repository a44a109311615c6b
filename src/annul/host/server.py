"""The terminals' ports: frames in, answers out, each connection on its own, plain or TLS."""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import structlog

from annul.domain.cells import Cell
from annul.merchants.station import Station
from annul.renewal import Port, listen
from annul.security.tls import identity_of
from annul.store.batcher import STORE_LOST
from annul.wire.errors import FrameError
from annul.wire.framing import REQUIREMENTS, Frame, Framer, Framing, reply_head

from .answering import handle, refuse_busy
from .connections import ConnectionLimits, Connections
from .door import Admitted, Elsewhere, Turned, Unsure
from .handing_on import Handing
from .host import Host
from .peer import Peer, address_of
from .proxied import Proxies, read_header

log = structlog.get_logger(__name__)

_FLUSH_S = 0.02  # between two looks whether an answer has left
_STRANGERS_SHARE = 5  # one part in so many of what may be under way is theirs


class TerminalConnection(asyncio.Protocol):
    """One connection of a terminal; nothing that arrives here can disturb another one.

    While its peer does not read, or has as many requests under way as it may, nothing is read from
    it: what waits is at most what one reading of the socket gave.
    """

    def __init__(
        self, server: "TerminalServer", peername: object, greeting: asyncio.Task[None]
    ) -> None:
        """`greeting` is the task that shakes hands, until `connection_made`."""
        self.peer = Peer(address_of(peername))
        self.opened_at = self.heard_at = server.monotonic()
        self.paused_at: float | None = None
        self._server = server
        self._greeting: asyncio.Task[None] | None = greeting
        # What came before it is known whose the connection is; None once it is.
        self._preface = b"" if server.proxies.trusts(self.peer.address) else None
        self._handed: dict[str, Handing] = {}  # by cell
        self._framer = Framer(server.framing, server.limits.frame)
        self._frames: deque[Frame] = deque()
        self._in_flight = 0
        self._reading = True
        self._broken = False  # what came last is no frame
        self._closing = False
        self._transport: Any = None

    # The transport calls ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take up the connection, which its port has counted, and who its peer is."""
        self._greeting = None
        self._transport = transport
        self._transport.set_write_buffer_limits(high=self._server.limits.unread)
        secured = transport.get_extra_info("ssl_object")
        certificate = secured.getpeercert(binary_form=True) if secured else None
        try:
            self.peer.identity = identity_of(certificate) if certificate else ""
        except ValueError:  # a key of a kind that is not known
            self.abort()
        self._identified(self.peer.identity)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; requests under way still run to their end."""
        del exc  # a terminal that goes away is no news
        self._transport = None
        self._frames.clear()
        for handing in self._handed.values():
            handing.close()
        self._server.connections.forget(self)

    def data_received(self, data: bytes) -> None:
        """Cut what came into frames and serve them in turn; behind what is none nothing is read."""
        if self._broken:
            return
        try:
            if self._preface is not None:
                data = self._introduced(self._preface + data)
            frames: Sequence[Frame] = self._framer.feed(data)
        except FrameError as error:
            frames = error.whole
            self._server.host.door.refused(self.peer, "frame")
            self._broken = True
        self._frames.extend(frames)
        if frames:  # a keep-alive says nothing
            self.heard_at = self._server.monotonic()
        self._serve()

    def _identified(self, identity: str) -> None:
        self.peer.identity = identity or self.peer.identity
        if self._server.host.registry.knows(identity):
            self.peer.holder = identity

    def _introduced(self, data: bytes) -> bytes:
        """Take up who a balancer says has connected; gives what comes after."""
        said = read_header(data)
        if said is None:
            self._preface = data
            return b""
        self._preface, self.peer.hops = None, said.hops
        self._identified(self._server.proxies.identity(said))
        if said.address:
            self._server.connections.forget(self)
            self.peer.address = address_of((said.address,))
            if not self._server.take(self):
                self.abort()
        return data[said.size :]

    def pause_writing(self) -> None:
        """Read no more: the peer leaves its answers unread."""
        self.paused_at = self._server.monotonic()
        self._serve()

    def resume_writing(self) -> None:
        """Go on: the peer has caught up."""
        self.paused_at = None
        self._serve()

    # The server calls ---------------------------------------------------------------------------

    def answer(self, head: bytes, body: bytes, requirement: int = 0) -> bool:
        """Send an answer; False when the terminal is not there any more."""
        if self._transport is None or self._transport.is_closing():
            return False
        self._transport.write(self._server.framing.pack(body, reply_head(head, requirement)))
        return True

    def hand_on(self, frame: Frame, cell: Cell) -> None:
        """Have another cell answer a message; `ended` is called for it."""
        handing = self._handed.get(cell.name)
        if handing is None or handing.closed:
            handing = self._handed[cell.name] = Handing(
                self, cell, self._server.framing, self._server.proxies
            )
        handing.send(frame)

    def broken(self) -> None:
        """Hang up on who waits for another cell in vain, when nothing else is under way."""
        if not self._in_flight:
            self.close()

    def passed_back(self, frame: bytes) -> None:
        """Send an answer of another cell as it came."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame)

    async def flushed(self) -> bool:
        """Wait until all that was written has left; False when the terminal went away before."""
        wait_s = 0.0
        while (transport := self._transport) is not None and not transport.is_closing():
            if not transport.get_write_buffer_size():
                return True
            await asyncio.sleep(wait_s)
            wait_s = _FLUSH_S
        return False

    def ended(self) -> None:
        """Take note that a request is done."""
        self._in_flight -= 1
        if self._frames or not self._reading or self._closing:
            self._serve()

    def close(self) -> None:
        """Close after what is already written."""
        self._closing = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()

    def abort(self) -> None:
        """Close at once; what is unsent is dropped."""
        self._closing = True
        if self._greeting is not None:
            self._greeting.cancel()
        if self._transport is not None:
            self._transport.abort()

    # Inside -------------------------------------------------------------------------------------

    def _serve(self) -> None:
        """Serve what waits as far as the peer reads its answers."""
        server = self._server
        while self._frames and self._may_go_on():
            if server.serve(self, self._frames.popleft()):
                self._in_flight += 1
            self._closing |= self.peer.doubts >= server.limits.doubts
        self._closing |= self._broken and not self._frames
        if self._closing:
            self._frames.clear()
            if not self._in_flight:
                self.close()
        fine = self._reading and not self._frames and self.paused_at is None
        if not fine or self._in_flight >= server.limits.in_flight_unbound:
            self._read(wanted=not self._frames and self._may_go_on())

    def _may_go_on(self) -> bool:
        limits = self._server.limits
        nobody = self.peer.holder is None
        most = limits.in_flight_unbound if nobody else limits.in_flight_each
        return self._in_flight < most and self.paused_at is None and not self._closing

    def _read(self, *, wanted: bool) -> None:
        if self._transport is None or wanted is self._reading or self._transport.is_closing():
            return
        self._reading = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()


class TerminalServer:
    """Listens for terminals on one port or several, and serves each message as a task."""

    def __init__(
        self,
        host: Host,
        framing: Framing,
        limits: ConnectionLimits | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        self.host = host
        self.proxies = proxies or Proxies()
        self.framing = framing
        self.limits = limits or ConnectionLimits()
        self.monotonic = host.clock.monotonic
        self.connections = Connections(self.limits, self.monotonic)
        self._tasks: set[asyncio.Task[None]] = set()
        self._of_nobody: set[asyncio.Task[None]] = set()  # for connections that prove nothing
        self._ports: list[TerminalPort] = []
        self._sweeper: asyncio.TimerHandle | None = None

    async def listen(
        self, host: str, port: int, context: ssl.SSLContext | None = None, *, shared: bool = False
    ) -> "TerminalPort":
        """Open a port (a free one when `port` is 0), with a `context` for TLS only.

        A `shared` one other processes may open too: the kernel deals connections out.
        """
        opened = TerminalPort(self, listen(host, port, shared=shared))
        await opened.use(context)
        self._ports.append(opened)
        if self._sweeper is None:
            self._sweep(asyncio.get_running_loop())
        return opened

    def take(self, connection: TerminalConnection) -> bool:
        """Register a connection; one for which there is no room is counted."""
        taken = self.connections.take(connection)
        if not taken:
            self.host.door.strangers.turned_away(connection.peer.address, "too_many")
        return taken

    async def stop(self, grace_s: float = 20.0) -> None:
        """Take no more requests, finish those under way, then close the connections."""
        for port in self._ports:
            await port.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._tasks or self._of_nobody:
            await asyncio.wait(self._tasks | self._of_nobody, timeout=grace_s)
        for connection in self.connections:
            connection.abort()

    async def leave(self) -> None:
        """Leave the terminals at once: they go to who serves, or reverse."""
        for connection in self.connections:
            connection.abort()
        await self.stop(0)

    def serve(self, connection: TerminalConnection, frame: Frame) -> bool:
        """Let a frame in at the door; True when it is under way and `ended` is called for it."""
        door, peer = self.host.door, connection.peer
        let_in = door.open(frame.body, frame.head, peer)
        full = isinstance(let_in, Admitted | Unsure) and self._is_full(peer)
        if full and isinstance(let_in, Unsure):
            let_in = door.open(frame.body, frame.head, peer, looked=True)
        if isinstance(let_in, Turned):
            _turn_away(connection, frame.head, let_in)
            return False
        if isinstance(let_in, Elsewhere):  # soon: it is under way before it can end
            asyncio.get_running_loop().call_soon(connection.hand_on, frame, let_in.cell)
            return True
        if isinstance(let_in, Unsure):
            work = self._look_first(connection, frame, let_in.station)
        elif full:
            connection.answer(frame.head, refuse_busy(self.host, let_in))
            return False
        else:
            work = self._exchange(connection, frame.head, let_in)
        task = asyncio.create_task(work)
        among = self._tasks if connection.peer.holder else self._of_nobody
        among.add(task)
        task.add_done_callback(among.discard)
        return True

    def _is_full(self, peer: Peer) -> bool:
        limit = self.limits.in_flight
        if peer.holder is None and len(self._of_nobody) * _STRANGERS_SHARE >= limit:
            return True
        return len(self._tasks) + len(self._of_nobody) >= limit

    async def _look_first(
        self, connection: TerminalConnection, frame: Frame, station: Station
    ) -> None:
        """Let a frame in once its terminal has been looked at; without the database, as known."""
        let_in: Admitted | Turned | Unsure | Elsewhere | None = None
        try:
            with suppress(*STORE_LOST):
                await self.host.owners.look(station)
            let_in = self.host.door.open(frame.body, frame.head, connection.peer, looked=True)
            if isinstance(let_in, Turned):
                _turn_away(connection, frame.head, let_in)
            elif isinstance(let_in, Elsewhere):
                connection.hand_on(frame, let_in.cell)
        finally:
            if not isinstance(let_in, Admitted | Elsewhere):
                connection.ended()
        if isinstance(let_in, Admitted):
            await self._exchange(connection, frame.head, let_in)

    async def _exchange(self, connection: TerminalConnection, head: bytes, entry: Admitted) -> None:
        answered, began = False, self.monotonic()
        try:
            body = await handle(self.host, entry)
            station = entry.station
            wants = station.wants
            # A repeat may be somebody else's: only who is bound hears what the terminal is to do.
            if wants and not entry.peer.bound_to(station):
                wants = ""
            answered = connection.answer(head, body, REQUIREMENTS[wants])
            self.host.counts.took("all", self.monotonic() - began)
            if not answered and entry.peer.bound_to(station):
                self.host.evidence.trouble(*station.identity, "link_drops")
        except Exception:
            # An answer that can not be built is a fault of ours: the terminal will reverse.
            self.host.counts.failed += 1
            log.exception("answer_failed", mti=entry.message.mti)
            connection.abort()
        finally:
            self.host.notices.written(entry, connection.flushed if answered else None)
            connection.ended()

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sweeper = loop.call_later(self._sweep_s, self._sweep, loop)  # first: it never ends
        for connection, why in self.connections.overdue():
            self.host.door.strangers.turned_away(connection.peer.address, why)
            connection.abort()

    @property
    def _sweep_s(self) -> float:
        limits = self.limits
        return min(limits.first_message_s, limits.idle_s, limits.slow_reader_s, 4.0) / 4


def _turn_away(connection: TerminalConnection, head: bytes, turned: Turned) -> None:
    if turned.answer is not None:
        connection.answer(head, turned.answer)
    elif turned.closes:
        connection.close()


class TerminalPort(Port):
    """One port for terminals. Who connects counts before a handshake, which may never end."""

    def __init__(self, server: TerminalServer, listening: socket.socket) -> None:
        super().__init__(listening, asyncio.Protocol)
        self._server = server

    async def greet(self, accepted: socket.socket, peername: object) -> None:
        """Take somebody who has connected, if there is room."""
        server, task = self._server, asyncio.current_task()
        assert task is not None, "each is greeted in a task of its own"
        connection = TerminalConnection(server, peername, task)
        if not server.take(connection):
            accepted.close()
            return
        try:
            greeted = await self.connect(lambda: connection, accepted)
        except BaseException:  # cancelled: it gave way, or the port is closed
            server.connections.forget(connection)
            raise
        if not greeted:
            server.host.door.strangers.turned_away(connection.peer.address, "handshake")
            server.connections.forget(connection)
