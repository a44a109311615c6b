"""The terminal's connection to the host: one request at a time, hung up after a silence."""

import asyncio
from typing import Final

from annul.wire.errors import FrameError
from annul.wire.framing import TPDU_2, Framer

from .errors import NoAnswerFromHost, Unreachable

# TPDU (type 60, destination, source) and header (application, version, state) of a terminal.
_HEAD: Final = bytes.fromhex("6000030000603100311000")
_CONNECT_S: Final = 10.0


class Line:
    """Connects when needed and stays connected until an answer fails to come."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, body: bytes, timeout_s: float) -> bytes:
        """Send a message and give the answer's bytes.

        Raises `Unreachable` when nothing was sent and `NoAnswerFromHost` when no answer came.
        """
        reader, writer = await self._connected()
        try:
            async with asyncio.timeout(timeout_s):
                writer.write(TPDU_2.pack(body, _HEAD))
                await writer.drain()
                return await self._answer(reader)
        except (OSError, TimeoutError, FrameError) as error:
            self.close()
            message = f"no answer within {timeout_s:g} s"
            raise NoAnswerFromHost(message) from error

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is not None and self._streams[0].at_eof():
            self.close()
        if self._streams is None:
            try:
                async with asyncio.timeout(_CONNECT_S):
                    self._streams = await asyncio.open_connection(*self._address)
            except (OSError, TimeoutError) as error:
                message = f"no host at {self._address[0]}:{self._address[1]}; no money has moved"
                raise Unreachable(message) from error
        return self._streams

    @staticmethod
    async def _answer(reader: asyncio.StreamReader) -> bytes:
        framer = Framer(TPDU_2)
        while data := await reader.read(65_536):
            frames = framer.feed(data)
            if frames:
                return frames[0].body
        message = "the host hung up"
        raise FrameError(message)
