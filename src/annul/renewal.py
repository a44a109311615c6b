"""TLS of a port, renewed without a restart: new files, a new context, the same port.

A context that is in use is never changed. `load_cert_chain` on it would renew the certificate, but
whom it trusts can only be added to, and sessions of clients that are trusted no more could be
resumed. So each connection is greeted with the context that is the newest when it is accepted.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import structlog

from annul.domain.errors import AnnulError
from annul.security.tls import ServerTls, Watched, server_context
from annul.store.loop import Loops

log = structlog.get_logger(__name__)

Apply = Callable[[ssl.SSLContext], Awaitable[None]]

LOOK_S: Final = 2.0  # seconds between two looks at the files
_HANDSHAKE_S: Final = 10.0  # seconds; who connects and says nothing holds a socket no longer
_SHUTDOWN_S: Final = 3.0  # seconds to wait for the other side's last word
_AT_ONCE: Final = 64  # connections accepted in one turn of the event loop
_PAUSE_S: Final = 0.5  # seconds without accepting when there is no descriptor left


class Port:
    """A listening socket; the same under asyncio as under uvloop.

    It accepts by itself, since a server of asyncio keeps the context it was made with, and loses
    who is just being accepted when another one takes its place.
    """

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[], asyncio.BaseProtocol],
        *,
        backlog: int = 1_024,
    ) -> None:
        listening.listen(backlog)
        listening.settimeout(0)  # the event loop waits, not the socket
        self.number = int(listening.getsockname()[1])
        self._listening = listening
        self._protocol = protocol
        self._context: ssl.SSLContext | None = None
        self._open = False
        # Who is being greeted, with the socket as long as nobody has it in hand.
        self._greeting: dict[asyncio.Task[None], socket.socket | None] = {}

    async def use(self, context: ssl.SSLContext | None) -> None:
        """Greet whoever connects from now on with this context; None: without TLS.

        Those who are connected keep what they have. The first call begins to accept.
        """
        self._context = context
        if not self._open:
            self._open = True
            self._resume()

    async def close(self) -> None:
        """Accept nobody any more, and end handshakes under way; the connections live on."""
        if self._open:
            asyncio.get_running_loop().remove_reader(self._listening)
        self._open = False
        tasks = list(self._greeting)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listening.close()

    def _resume(self) -> None:
        if self._open:
            asyncio.get_running_loop().add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        """Accept those who wait; a crowd leaves the others their turn."""
        loop = asyncio.get_running_loop()
        for _ in range(_AT_ONCE):
            try:
                accepted, peername = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no descriptor is left, until somebody goes
                log.warning("not_accepted", port=self.number, error=str(error))
                loop.remove_reader(self._listening)
                loop.call_later(_PAUSE_S, self._resume)
                return
            accepted.settimeout(0)
            task = loop.create_task(self._greet(accepted, peername))
            self._greeting[task] = accepted
            task.add_done_callback(self._greeted)

    async def _greet(self, accepted: socket.socket, peername: object) -> None:
        task = asyncio.current_task()
        assert task is not None, "each is greeted in a task of its own"
        self._greeting[task] = None
        await self.greet(accepted, peername)

    def _greeted(self, task: asyncio.Task[None]) -> None:
        """Forget a greeting; a socket that it had not begun with is closed."""
        accepted = self._greeting.pop(task)
        if accepted is not None:
            accepted.close()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("greeting_failed", port=self.number, error=repr(error))

    async def greet(self, accepted: socket.socket, peername: object) -> None:
        """Welcome somebody who has connected."""
        del peername
        await self.connect(self._protocol, accepted)

    async def connect(
        self, protocol: Callable[[], asyncio.BaseProtocol], accepted: socket.socket
    ) -> bool:
        """Shake hands and hand the connection to its protocol; False when that came to nothing."""
        limits: dict[str, Any] = {}
        context = self._context
        if context is not None:
            limits = {"ssl_handshake_timeout": _HANDSHAKE_S, "ssl_shutdown_timeout": _SHUTDOWN_S}
        with suppress(OSError):  # of one who has left already
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                protocol, accepted, ssl=context, **limits
            )
        except OSError as error:  # ssl.SSLError among them: a peer that was not let in, or left
            log.debug("not_greeted", port=self.number, error=str(error))
            return False
        return True


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Open a port for `Port`, a free one when `port` is 0; `shared` with others of this user."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, reuse_port=shared)


@asynccontextmanager
async def renewing(
    tls: ServerTls, apply: Apply, loops: Loops, port: int, every_s: float = LOOK_S
) -> AsyncIterator[None]:
    """Apply the context of the files as they are, and renew it until the block ends.

    Raises what makes it impossible at the start: `TlsError` names the file at fault.
    """
    renewal = Renewal(tls, apply)
    await apply(server_context(tls))
    loop = loops.start(f"tls_{port}", renewal.look, every_s=every_s, first_s=every_s)
    try:
        yield
    finally:
        await loop.stop()


class Renewal:
    """Applies a new context whenever a file was replaced since this was made.

    What cannot be used leaves the context as it is, is logged once, and is tried again at every
    look, as its cause need not be the file (a right to read it, a missing socket).
    """

    def __init__(self, tls: ServerTls, apply: Apply) -> None:
        self._tls = tls
        self._apply = apply
        self._files = Watched(tls.files)  # before they are read: what changes meanwhile is noticed
        self._wrong = ""  # why the last try failed

    async def look(self) -> None:
        """Look at the files once."""
        if not self._files.changed() and not self._wrong:
            return
        named = str(self._tls.certificate)
        try:
            await self._apply(server_context(self._tls))
        except Exception as error:  # noqa: BLE001 - the old context serves on; said once, not at every look
            before, self._wrong = self._wrong, _said(error)
            if self._wrong != before:
                log.warning("tls_not_reloaded", certificate=named, error=self._wrong)
        else:
            self._wrong = ""
            log.info("tls_reloaded", certificate=named)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, AnnulError) else f"{type(error).__name__}: {error}"
