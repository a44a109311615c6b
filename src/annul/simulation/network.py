"""A network in memory: ports, connections, delays, and ends that go away.

Stands in for `socket` where annul opens and reaches ports, and for the loop's calls that make
transports of sockets. Bytes of one direction keep their order; between connections nothing does.
"""

import asyncio
import socket as real
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import Context, copy_context
from importlib import import_module
from random import Random
from typing import Any, Final
from unittest.mock import patch

from .virtual import Process, VirtualLoop, current

_TICK: Final = 1e-9  # two things on one way never come at one moment


class SimulatedTransport(asyncio.Transport):
    """One end of a connection. Until it is attached, what comes waits."""

    peer: "SimulatedTransport"

    def __init__(self, network: "Network", name: tuple[str, int]) -> None:
        super().__init__()
        self._network = network
        self._name = name
        self._protocol: Any = None
        self._context: Context | None = None
        self._owner: Process | None = None
        self._closing = False
        self._lost = False
        self._reading = True
        self._held: deque[bytes | Exception | None] = deque()
        self._arrives = 0.0

    # What protocols call ------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing and not self._lost:
            self._network.carry(self, bytes(data))

    def close(self) -> None:
        self._end(None)

    def abort(self) -> None:
        self._end(ConnectionResetError("reset by peer"))

    def is_closing(self) -> bool:
        return self._closing or self._lost

    def is_reading(self) -> bool:
        return self._reading

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True
        self._network.loop.call_soon(self._hand_over, context=self._context)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._name if name == "peername" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever kept back here."""

    def get_write_buffer_size(self) -> int:
        return 0

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def can_write_eof(self) -> bool:
        return False

    # What the network calls -----------------------------------------------------------------------

    def attach(self, protocol: Any) -> None:
        """Hand the connection to its protocol, in the process that calls this."""
        self._protocol = protocol
        self._context = copy_context()
        self._owner = current()
        self._network.live.setdefault(self._owner, []).append(self)
        protocol.connection_made(self)
        if self._held:
            self._network.loop.call_soon(self._hand_over, context=self._context)

    def arrive(self, what: bytes | Exception | None) -> None:
        """Take bytes, an end (None), or what broke the connection."""
        self._held.append(what)
        self._hand_over()

    def vanish(self) -> None:
        """Be gone with the process: nothing is said here any more, and the peer hears the end."""
        if not self._lost:
            self._lost = True
            self._network.carry(self, ConnectionResetError("reset by peer"))

    def arrives_at(self, when: float) -> float:
        """Give the moment at which what is sent now arrives, after all that was sent before."""
        self._arrives = max(when, self._arrives + _TICK)
        return self._arrives

    @property
    def owner(self) -> str:
        """Whose end this is."""
        return self._owner.name if self._owner is not None else "issuers"

    @property
    def context(self) -> Context | None:
        """The context of the process whose end this is."""
        return self._context

    def _hand_over(self) -> None:
        while self._held and self._protocol is not None and not self._lost:
            if not self._reading and isinstance(self._held[0], bytes):
                return
            what = self._held.popleft()
            if isinstance(what, bytes):
                if not self._closing:
                    self._protocol.data_received(what)
            elif what is None:
                if not self._closing and not self._protocol.eof_received():
                    self.close()
            else:
                self._closing = True
                self._finish(what)

    def _end(self, error: Exception | None) -> None:
        if self._closing or self._lost:
            return
        self._closing = True
        self._network.carry(self, error)
        self._network.loop.call_soon(self._finish, None, context=self._context)

    def _finish(self, error: Exception | None) -> None:
        if self._lost:
            return
        self._lost = True
        kept = self._network.live.get(self._owner)
        if kept is not None and self in kept:
            kept.remove(self)
        if self._protocol is not None:
            self._protocol.connection_lost(error)


class _Socket:
    """A connection that is not attached yet, as code that handles sockets sees it."""

    def __init__(self, transport: SimulatedTransport | None = None) -> None:
        self.transport = transport

    def settimeout(self, seconds: float) -> None:
        del seconds

    def setsockopt(self, *_: Any) -> None:
        """There are no options here."""

    def close(self) -> None:
        if self.transport is not None and self.transport.context is None:
            self.transport.abort()


class _Listener:
    """An open port."""

    def __init__(self, network: "Network", port: int) -> None:
        self._network = network
        self.port = port
        self.waiting: deque[SimulatedTransport] = deque()
        self.reader: tuple[Callable[..., None], tuple[Any, ...], Context] | None = None

    def listen(self, backlog: int) -> None:
        del backlog

    def settimeout(self, seconds: float) -> None:
        del seconds

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    def accept(self) -> tuple[_Socket, tuple[str, int]]:
        if not self.waiting:
            raise BlockingIOError
        transport = self.waiting.popleft()
        return _Socket(transport), transport.get_extra_info("peername")

    def close(self) -> None:
        self._network.shut(self)

    def knock(self) -> None:
        if self.reader is not None and self.waiting:
            callback, arguments, context = self.reader
            self._network.loop.call_soon(callback, *arguments, context=context)


class _Server:
    """What `create_server` of a loop gives."""

    def __init__(self, listener: _Listener) -> None:
        self.sockets = (listener,)

    def close(self) -> None:
        self.sockets[0].close()


class Network:
    """All ports and connections of one loop. `slow` is the share of what takes long."""

    AF_INET, AF_INET6 = real.AF_INET, real.AF_INET6
    SOCK_STREAM, IPPROTO_TCP, TCP_NODELAY = real.SOCK_STREAM, real.IPPROTO_TCP, real.TCP_NODELAY

    def __init__(self, loop: "NetworkLoop", random: Random, *, slow: float = 0.02) -> None:
        self.loop = loop
        self.random = random
        self.slow = slow
        self.live: dict[Process | None, list[SimulatedTransport]] = {}
        self.seen: Callable[[SimulatedTransport, bytes], None] = lambda *_: None
        self.heard: deque[bytes] | None = None  # what somebody on the line has overheard
        self._ports: dict[int, _Listener] = {}
        self._clients = 40_000
        self._free = 20_000  # ports that nobody asks for by number

    # As `socket` -------------------------------------------------------------------------------

    def create_server(
        self, address: tuple[str, int], family: int = 0, *, reuse_port: bool = False
    ) -> _Listener:
        """Open a port; raises `OSError` when it is taken."""
        del family, reuse_port  # no two hosts of a story share a port
        _, port = address
        if port == 0:
            self._free += 1
            port = self._free
        if port in self._ports:
            message = f"port {port} is taken"
            raise OSError(message)
        listener = self._ports[port] = _Listener(self, port)
        owner = current()
        if owner is not None:
            owner.on_death.append(lambda: self.shut(listener))
        return listener

    def socket(self, *_: Any) -> _Socket:
        """Give a socket that is not connected yet."""
        return _Socket()

    # As the loop -------------------------------------------------------------------------------

    async def reach(self, port: int) -> SimulatedTransport:
        """Connect to a port; raises `ConnectionRefusedError` when nobody listens."""
        await asyncio.sleep(self.delay_s())
        listener = self._ports.get(port)
        if listener is None or listener.reader is None:
            raise ConnectionRefusedError(111, "Connection refused")
        self._clients += 1
        ours = SimulatedTransport(self, ("127.0.0.1", port))
        theirs = SimulatedTransport(self, ("127.0.0.1", self._clients))
        ours.peer, theirs.peer = theirs, ours
        listener.waiting.append(theirs)
        listener.knock()
        return ours

    def carry(self, sender: SimulatedTransport, what: bytes | Exception | None) -> None:
        """Let something arrive at the other end, later and in order."""
        peer = sender.peer
        when = peer.arrives_at(self.loop.time() + self.delay_s())
        if isinstance(what, bytes):
            self.seen(sender, what)
            if self.heard is not None:
                self.heard.append(what)
        self.loop.call_at(when, self._arrive, peer, what, context=_NOBODY)

    def _arrive(self, peer: SimulatedTransport, what: bytes | Exception | None) -> None:
        if peer.context is None:
            peer.arrive(what)
        else:
            self.loop.call_soon(peer.arrive, what, context=peer.context)

    def delay_s(self) -> float:
        """Draw how long something takes."""
        if self.random.random() < self.slow:
            return self.random.uniform(0.02, 0.4)
        return self.random.uniform(0.0002, 0.003)

    def shut(self, listener: _Listener) -> None:
        """Close a port; who waits there is turned away."""
        if self._ports.get(listener.port) is listener:
            del self._ports[listener.port]
        while listener.waiting:
            listener.waiting.popleft().abort()

    def died(self, process: Process) -> None:
        """End every connection of a process that died."""
        for transport in self.live.pop(process, []):
            transport.vanish()

    def lead_away(self, process: Process, port: int) -> None:
        """Lead nobody to a process any more that says nothing, as what balances load does."""
        self._ports.pop(port, None)
        self.died(process)

    def end(self) -> None:
        """Be there no more: every connection is broken, nobody listens."""
        self._ports.clear()
        for process in list(self.live):
            for transport in self.live.pop(process, []):
                transport.vanish()

    def cut(self, process: Process | None) -> None:
        """Break every connection of a process that lives on."""
        for transport in list(self.live.get(process, [])):
            transport.peer.vanish()
            transport.arrive(ConnectionResetError("cut"))


_NOBODY: Final = Context()
_SOCKETS: Final = ("annul.renewal", "annul.issuers.connection")  # whoever opens or reaches ports


@contextmanager
def in_memory(network: Network) -> Iterator[None]:
    """Let every port be one of this network until the block ends."""
    with ExitStack() as stack:
        for name in _SOCKETS:
            stack.enter_context(patch.object(import_module(name), "socket", network))
        yield


class NetworkLoop(VirtualLoop):
    """The virtual loop with what makes connections."""

    network: Network

    def add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:
        """Call when somebody waits at a port."""
        if isinstance(fd, _Listener):
            fd.reader = (callback, args, copy_context())
            fd.knock()

    def remove_reader(self, fd: Any) -> bool:
        """Call no more."""
        if isinstance(fd, _Listener):
            fd.reader = None
        return True

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> list[Any]:  # type: ignore[override]
        """Every name is this machine."""
        del host
        return [(real.AF_INET, real.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    async def sock_connect(self, sock: Any, address: Any) -> None:
        """Connect one of our sockets."""
        sock.transport = await self.network.reach(address[1])

    async def create_connection(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], Any],
        _host: Any = None,
        port: Any = None,
        *,
        sock: Any = None,
        **_: Any,
    ) -> tuple[SimulatedTransport, Any]:
        """Attach a connected socket, or connect first."""
        transport = await self.network.reach(port) if sock is None else sock.transport
        protocol = protocol_factory()
        transport.attach(protocol)
        return transport, protocol

    async def create_server(  # type: ignore[override]
        self, protocol_factory: Callable[[], Any], host: Any = None, port: Any = None, **_: Any
    ) -> "_Server":
        """Open a port whose connections are attached as they come."""
        listener = self.network.create_server((host, port))

        def accept() -> None:
            accepted, _address = listener.accept()
            assert accepted.transport is not None
            accepted.transport.attach(protocol_factory())

        self.add_reader(listener, accept)
        return _Server(listener)

    async def connect_accepted_socket(  # type: ignore[override]
        self, protocol_factory: Callable[[], Any], sock: Any, **_: Any
    ) -> tuple[SimulatedTransport, Any]:
        """Attach what was accepted."""
        protocol = protocol_factory()
        sock.transport.attach(protocol)
        return sock.transport, protocol
