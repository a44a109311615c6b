"""The terminal's connection to the host: one request at a time, hung up after a silence."""

import asyncio
from typing import Final

from annul.wire.errors import FrameError
from annul.wire.framing import TPDU_2, Framer, requirement_of

from .errors import NoAnswerFromHost, Unreachable

# TPDU (type 60, destination, source); then the header: application, version, state, sub-version.
_TPDU: Final = bytes.fromhex("6000030000")
_APPLICATION: Final = b"\x60"
_READY: Final = b"\x00"
_CONNECT_S: Final = 10.0


class Line:
    """Connects when needed and stays connected until an answer fails to come."""

    def __init__(self, host: str, port: int, software: str) -> None:
        """`software` is the version that the header states, as eight digits."""
        version = bytes.fromhex(software)
        self.requirement = 0  # what the host asked of the terminal in its last answer
        self._address = (host, port)
        self._head = _TPDU + _APPLICATION + version[:1] + _READY + version[1:]
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, body: bytes, timeout_s: float) -> bytes:
        """Send a message and give the answer's bytes.

        Raises `Unreachable` when nothing was sent and `NoAnswerFromHost` when no answer came.
        """
        reader, writer = await self._connected()
        try:
            async with asyncio.timeout(timeout_s):
                writer.write(TPDU_2.pack(body, self._head))
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

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        framer = Framer(TPDU_2)
        while data := await reader.read(65_536):
            frames = framer.feed(data)
            if frames:
                self.requirement = requirement_of(frames[0].head)
                return frames[0].body
        message = "the host hung up"
        raise FrameError(message)
