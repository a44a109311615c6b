"""The terminal's connection to the host: one request at a time, hung up after a silence."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final

from annul.wire.errors import FrameError
from annul.wire.framing import TPDU_2, Framer, requirement_of

from .errors import NoAnswerFromHost, Unreachable, Untrusted

# TPDU (type 60, destination, source); then the header: application, version, state, sub-version.
_TPDU: Final = bytes.fromhex("6000030000")
_APPLICATION: Final = b"\x60"
_READY: Final = b"\x00"
_CONNECT_S: Final = 10.0
_HUNG_UP: Final = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, FrameError)


class TerminalLine:
    """Connects when needed and stays connected until an answer fails to come."""

    def __init__(
        self,
        host: str,
        port: int,
        software: str,
        context: ssl.SSLContext | None = None,
        name: str = "",
        knock: Callable[[], bytes] | None = None,
        let_in: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        """`software` is the version that the header states, as eight digits.

        With a `context` the line is TLS, and the host proves to be `name`, or else `host`. `knock`
        builds a message that may get lost. A new line of TLS 1.3 begins with it, since there a
        client is through before the host has looked at its certificate: the refusal, or a mere
        hang-up, comes instead of the first answer (RFC 8446, 4.4.2.4 and appendix E.1.2). `let_in`
        hears that answer: what the host has to tell, it tells with the first one.
        """
        version = bytes.fromhex(software)
        # What the header of the last answer asks of the terminal. No MAC covers it.
        self.requirement = 0
        self._address = (host, port)
        self._context = context
        self._name = (name or host) if context else None
        self._knock = knock
        self._let_in = let_in
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
        if self._streams is not None and (
            self._streams[0].at_eof() or self._streams[1].is_closing()
        ):
            self.close()
        if self._streams is None:
            try:
                async with asyncio.timeout(_CONNECT_S):
                    self._streams = await self._open()
            except (OSError, TimeoutError, FrameError) as error:
                raise self._unreachable(error) from error
        return self._streams

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(
            *self._address, ssl=self._context, server_hostname=self._name
        )
        tls = writer.get_extra_info("ssl_object")
        if tls is not None and tls.version() == "TLSv1.3" and self._knock is not None:
            try:
                writer.write(TPDU_2.pack(self._knock(), self._head))
                await writer.drain()
                self._let_in(await self._answer(reader))
            except BaseException:  # a late answer to it must not meet the next message
                writer.close()
                raise
        return reader, writer

    def _unreachable(self, error: Exception) -> Unreachable:
        host, port = self._address
        verified = isinstance(error, ssl.SSLCertVerificationError)
        if verified or isinstance(error, ssl.SSLError):
            reason = error.verify_message if verified else error.reason
        elif self._context and isinstance(error, _HUNG_UP):
            reason = "the host hung up"
        else:
            return Unreachable(f"no host at {host}:{port}; no money has moved")
        return Untrusted(f"no TLS with {host}:{port} ({reason}); no money has moved")

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        framer = Framer(TPDU_2)
        while data := await reader.read(65_536):
            frames = framer.feed(data)
            if frames:
                self.requirement = requirement_of(frames[0].head)
                return frames[0].body
        message = "the host hung up"
        raise FrameError(message)
