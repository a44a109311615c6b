"""One connection to an issuer, with TLS or without: bytes to frames, exchanges to bytes."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar, cast

from annul.security.errors import TlsError
from annul.security.tls import ClientTls, client_context
from annul.wire.errors import FrameError
from annul.wire.framing import Frame, Framer, Framing

from .errors import HandshakeFailed
from .limits import LinkLimits
from .pending import Exchange

Made = TypeVar("Made", bound=asyncio.Protocol)
_WRITE_BUFFER: Final = 256 * 1024  # bytes that may wait in the socket before writing pauses


class Owner(Protocol):
    """What a connection reports to. All calls come from the event loop, never from `send`."""

    def received(self, body: bytes) -> None:
        """Take one message of the issuer."""
        ...

    def refused(self, error: FrameError) -> None:
        """Count bytes that are no frame; the connection closes itself."""
        ...

    def lost(self, connection: "IssuerConnection") -> None:
        """Take note of the end of the connection; called once, after the last `received`."""
        ...


class IssuerConnection(asyncio.Protocol):
    """What is sent within one turn of the event loop goes out in one write."""

    def __init__(
        self, owner: Owner, framing: Framing, limits: LinkLimits, monotonic: Callable[[], float]
    ) -> None:
        self._owner = owner
        self._framer = Framer(framing, limits.frame)
        self._frame_s = limits.frame_s
        self._cutting: asyncio.TimerHandle | None = None  # while a frame is not whole
        self._monotonic = monotonic
        self.loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._outgoing: list[Exchange] = []
        self._blocked = False
        self.closed = asyncio.Event()
        self.distrusted = ""  # why TLS ended the connection
        self.heard_at = monotonic()

    @property
    def queued(self) -> int:
        """How many exchanges wait for the socket; their frames have not left this host."""
        return len(self._outgoing)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; called once, before anything is sent."""
        # Not checked by isinstance: uvloop's transports are of no asyncio class.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_WRITE_BUFFER)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end; what was never written keeps its frame and so counts as not sent."""
        if isinstance(exc, ssl.SSLError):
            self.distrusted = str(exc)
        self._transport = None
        self._outgoing.clear()
        self._whole()
        self._owner.lost(self)
        self.closed.set()

    def data_received(self, data: bytes) -> None:
        """Cut the bytes into frames and hand them on, in order."""
        self.heard_at = self._monotonic()
        wrong: FrameError | None = None
        try:
            frames: Sequence[Frame] = self._framer.feed(data)
        except FrameError as error:
            frames, wrong = error.whole, error
        if frames or not self._framer.waiting:
            self._whole()
        if self._framer.waiting and self._cutting is None:
            self._cutting = self.loop.call_later(self._frame_s, self._cut_off)
        received = self._owner.received
        for frame in frames:
            received(frame.body)
        if wrong is not None:
            self._owner.refused(wrong)
            self.abort()

    def pause_writing(self) -> None:
        """Let exchanges wait here from now on: the issuer reads too slowly."""
        self._blocked = True

    def resume_writing(self) -> None:
        """Write what waits: the issuer has caught up."""
        self._blocked = False
        self._flush()

    def send(self, exchange: Exchange) -> None:
        """Write an exchange's frame at the end of this turn of the event loop."""
        if not self._outgoing:
            self.loop.call_soon(self._flush)
        self._outgoing.append(exchange)

    def answer(self, frame: bytes) -> bool:
        """Write an answer to a request of the issuer; False while it reads too slowly."""
        if self._transport is None or self._blocked:
            return False
        self._transport.write(frame)
        return True

    def hold_reading(self, *, hold: bool) -> None:
        """Stop taking bytes from the issuer, or go on; both may be called again."""
        transport = self._transport
        if transport is None or transport.is_reading() is not hold:
            return
        if hold:
            transport.pause_reading()
        else:
            self.heard_at = self._monotonic()
            transport.resume_reading()

    def close(self) -> None:
        """Close after what is already written."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def _whole(self) -> None:
        if self._cutting is not None:
            self._cutting.cancel()
            self._cutting = None

    def _cut_off(self) -> None:
        """Give up a stream of which every later message would be read from a wrong beginning."""
        self._cutting = None
        transport = self._transport
        if transport is None:
            return
        if not transport.is_reading():  # the rest may be here already
            self._cutting = self.loop.call_later(self._frame_s, self._cut_off)
            return
        message = f"the rest of a frame did not come within {self._frame_s:g} s"
        self._owner.refused(FrameError(message))
        self.abort()

    def _flush(self) -> None:
        transport = self._transport
        if self._blocked or transport is None or transport.is_closing():
            return
        frames: list[bytes] = []
        for exchange in self._outgoing:
            frame = exchange.frame
            if frame is not None and not exchange.done:
                exchange.frame = None
                frames.append(frame)
        self._outgoing.clear()
        if frames:
            transport.write(frames[0] if len(frames) == 1 else b"".join(frames))


async def connect(
    make: Callable[[], Made],
    host: str,
    port: int,
    tls: ClientTls | None,
    within_s: float,
) -> Made:
    """Reach a host and shake hands, both within `within_s` seconds.

    The context is made anew each time, so that renewed files count. Raises `OSError` when the host
    can not be reached (`TimeoutError` among them), `HandshakeFailed` when TLS fails; a connection
    that was to be secure is never made in plain.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + within_s
    context = _context(tls, tls.name or host) if tls else None
    async with asyncio.timeout_at(until):
        reached = await _reach(host, port)
    if tls is None:
        return (await loop.create_connection(make, sock=reached))[1]
    try:
        async with asyncio.timeout_at(until):
            _, connection = await loop.create_connection(
                make, sock=reached, ssl=context, server_hostname=tls.name or host
            )
    except TimeoutError as error:
        message = f"no end of the handshake within {within_s:g} s"
        raise HandshakeFailed(message) from error
    except OSError as error:  # ssl.SSLError among them
        raise HandshakeFailed(str(error) or type(error).__name__) from error
    return connection


def _context(tls: ClientTls, name: str) -> ssl.SSLContext:
    try:
        context = client_context(tls)
        # What is no name is found here, and not inside the event loop, which only logs it.
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=name)
    except TlsError as error:
        raise HandshakeFailed(str(error)) from error
    except ValueError as error:
        message = f"{name!r} is no name that a certificate can prove"
        raise HandshakeFailed(message) from error
    return context


async def _reach(host: str, port: int) -> socket.socket:
    """Connect by TCP to the first address of a host that answers."""
    loop = asyncio.get_running_loop()
    failure: OSError = OSError(f"{host} has no address")
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # it would end the link's task
        message = f"{host!r} is no host"
        raise OSError(message) from error
    for family, kind, protocol, _, address in found:
        reached = socket.socket(family, kind, protocol)
        try:
            reached.settimeout(0)  # the event loop waits, not the socket
            await loop.sock_connect(reached, address)
        except OSError as error:
            reached.close()
            failure = error
        except BaseException:
            reached.close()
            raise
        else:
            return reached
    raise failure
