"""An HTTP application served inside the running event loop, on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import uvicorn
from fastapi import FastAPI

from annul.renewal import LOOK_S, Port, listen, renewing
from annul.security.tls import ServerTls
from annul.store.loop import Loops

_TICK_S: Final = 1.0  # how long the date in a header may stay the same


class _QuietServer(uvicorn.Server):
    """Leaves signals to annul, which stops its parts in order, and listening to a `Port`."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._over = asyncio.Event()

    def end(self) -> None:
        """Let `serve` end, at once."""
        self.should_exit = True
        self._over.set()

    async def main_loop(self) -> None:
        """Tick for the date in headers, and wake for nothing else."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._over.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application."""
        await super().startup(sockets)
        self.ready.set()

    def protocol(self) -> asyncio.Protocol:
        """Make what serves one connection, as uvicorn makes it; after `ready`."""
        make: Any = self.config.http_protocol_class
        return make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


@asynccontextmanager
async def serve_http(
    app: FastAPI,
    host: str,
    port: int,
    *,
    lifespan: bool = False,
    tls: ServerTls | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    look_s: float = LOOK_S,
    loops: Loops | None = None,
) -> AsyncIterator[int]:
    """Serve until the block ends; gives the port, a free one when `port` is 0.

    With `tls` it speaks TLS only, and renews it when its files change, looking every `look_s`
    seconds; raises `TlsError` when they can not be used. `certificate` and `key` (PEM files) are
    the short form of it.
    """
    if tls is None and certificate is not None:
        tls = ServerTls(certificate, key or certificate)
    config = uvicorn.Config(
        app,
        log_config=None,
        lifespan="on" if lifespan else "off",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        ws_per_message_deflate=False,
    )
    server = _QuietServer(config)
    door = Port(listen(host, port), server.protocol, backlog=config.backlog)
    task = asyncio.create_task(server.serve(sockets=[]))
    try:
        await _ready(server, task)
        async with AsyncExitStack() as stack:
            if tls is None:
                await door.use(None)
            else:
                renewed = renewing(tls, door.use, loops or Loops(), door.number, look_s)
                await stack.enter_async_context(renewed)
            yield door.number
    finally:
        await door.close()
        server.end()
        await task


async def _ready(server: _QuietServer, task: "asyncio.Task[None]") -> None:
    """Wait until the application has started; raises why it did not."""
    started = asyncio.create_task(server.ready.wait())
    try:
        await asyncio.wait([started, task], return_when=asyncio.FIRST_COMPLETED)
    finally:
        started.cancel()
    if task.done():
        task.result()
