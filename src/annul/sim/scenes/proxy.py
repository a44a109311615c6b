"""A network between two ends that can be made bad: a TCP proxy on loopback."""

import asyncio
from contextlib import suppress
from enum import StrEnum


class Mode(StrEnum):
    """What the proxy does with what it is given."""

    PASS = "pass"  # noqa: S105 - lets everything through
    CUT_ANSWER = "cut_answer"  # the answer is lost and the connection with it
    CUT_REQUEST = "cut_request"  # the connection ends when something is sent
    SWALLOW_ANSWER = "swallow_answer"  # requests come through, answers do not
    HOLE = "hole"  # whatever is sent is taken and nothing comes through, either way
    REFUSE = "refuse"  # connections end at once


class Proxy:
    """Listens on a port of its own and passes on to `target`."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.mode = Mode.PASS
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []  # in their order, which a seed tells again
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> int:
        """Listen; give the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def cut(self) -> None:
        """End every connection that there is."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode is Mode.REFUSE:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        both = (writer, there_writer)
        self._writers += both
        ways = [
            asyncio.create_task(self._pump(reader, there_writer, writer, Mode.CUT_REQUEST)),
            asyncio.create_task(self._pump(there_reader, writer, there_writer, Mode.CUT_ANSWER)),
        ]
        self._tasks += ways
        for way in ways:
            way.add_done_callback(self._tasks.remove)
        await asyncio.wait(ways)
        for one in both:
            self._writers.remove(one)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        back: asyncio.StreamWriter,
        cut: Mode,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if self.mode is cut:
                    break
                answer = cut is Mode.CUT_ANSWER
                if self.mode is not Mode.HOLE and not (answer and self.mode is Mode.SWALLOW_ANSWER):
                    writer.write(data)
                    await writer.drain()
        writer.transport.abort()
        back.transport.abort()
