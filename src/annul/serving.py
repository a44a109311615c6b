"""An HTTP application served inside the running event loop, on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI


class _QuietServer(uvicorn.Server):
    """Leaves signals to annul, which stops its parts in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


@asynccontextmanager
async def serve_http(
    app: FastAPI,
    host: str,
    port: int,
    *,
    lifespan: bool = False,
    certificate: Path | None = None,
    key: Path | None = None,
) -> AsyncIterator[int]:
    """Serve until the block ends; gives the port, a free one when `port` is 0.

    With `certificate` and `key` (PEM files) it speaks TLS only.
    """
    listening = socket.create_server((host, port))
    config = uvicorn.Config(
        app, log_config=None, lifespan="on" if lifespan else "off", access_log=False,
        ssl_certfile=certificate, ssl_keyfile=key, server_header=False,
        timeout_graceful_shutdown=3, ws_per_message_deflate=False,
    )  # fmt: skip
    server = _QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        await task
        listening.close()
