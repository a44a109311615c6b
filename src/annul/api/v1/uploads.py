"""A request's body as a file that is read in a thread while it comes in, however large it is."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import Request

OCTETS: Final = "application/octet-stream"
# How a body of bytes is described.
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Upload:
    """Reads on from a thread; what the connection raises when it breaks off comes out of it."""

    def __init__(self, request: Request) -> None:
        self._pieces: AsyncIterator[bytes] = request.stream()
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._ended = False

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes; nothing at the end."""
        while not self._rest and not self._ended:
            self._rest = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
        wanted = len(self._rest) if size < 0 else size
        piece, self._rest = self._rest[:wanted], self._rest[wanted:]
        return piece

    async def _next(self) -> bytes:
        piece = await anext(self._pieces, None)
        self._ended = piece is None
        return piece or b""
