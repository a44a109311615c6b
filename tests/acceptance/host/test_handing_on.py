"""Messages that go on to a host of another cell, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from annul.domain.cells import Cell
from annul.host import handing_on
from annul.host.handing_on import Handing
from annul.host.peer import Peer
from annul.host.proxied import Proxies, read_header
from annul.wire.framing import TPDU_2, Frame, Framer

_HEAD = bytes(TPDU_2.head)
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class _Terminal:
    """What a terminal's connection has to do with it."""

    def __init__(self) -> None:
        self.peer = Peer("10.9.9.9", hops=0)
        self.heard: list[bytes] = []
        self.over = 0
        self.closed = asyncio.Event()
        self.changed = asyncio.Event()

    def passed_back(self, frame: bytes) -> None:
        self.heard.append(frame)

    def ended(self) -> None:
        self.over += 1
        self.changed.set()

    async def answered(self, count: int) -> None:
        while self.over < count:
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), 5)

    def broken(self) -> None:
        self.closed.set()


@asynccontextmanager
async def _cell(serve: Serve) -> AsyncIterator[Cell]:
    served: list[asyncio.Event] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(over := asyncio.Event())
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            over.set()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield Cell("east", 1, (), (server.sockets[0].getsockname()[:2],))
    finally:
        server.close()
        for over in served:
            await over.wait()


async def test_it_comes_as_it_was_said_and_goes_back_as_it_is_answered() -> None:
    came: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(4096)
        said = read_header(first)
        assert said is not None
        assert (said.address, said.hops) == ("10.9.9.9", 1)
        framer, rest = Framer(TPDU_2, 8192), first[said.size :]
        for _ in range(2):
            while not (frames := framer.feed(rest)):
                rest = await reader.read(4096)
            rest = b""
            came.extend(frame.body for frame in frames)
            for frame in frames:
                writer.write(TPDU_2.pack(b"answer to " + frame.body, frame.head))
        await reader.read()

    terminal = _Terminal()
    async with _cell(serve) as cell:
        handing = Handing(terminal, cell, TPDU_2, Proxies())
        for body in (b"one", b"two"):
            handing.send(Frame(_HEAD, body))
            await terminal.answered(len(terminal.heard) + 1)
        handing.close()
    assert came == [b"one", b"two"]
    assert terminal.heard == [TPDU_2.pack(b"answer to " + body, _HEAD) for body in came]
    assert (terminal.over, terminal.closed.is_set()) == (2, False)


async def test_a_cell_that_nobody_reaches_hangs_up(unused_tcp_port: int) -> None:
    """Each message has its end, and the terminal sees a line that is broken: it reverses."""
    terminal = _Terminal()
    nobody = Cell("east", 1, (), (("127.0.0.1", unused_tcp_port),))
    handing = Handing(terminal, nobody, TPDU_2, Proxies())
    handing.send(Frame(_HEAD, b"one"))
    handing.send(Frame(_HEAD, b"two"))
    await asyncio.wait_for(terminal.closed.wait(), 5)
    assert terminal.over == 2
    handing.send(Frame(_HEAD, b"three"))
    assert terminal.over == 3


async def test_a_cell_without_a_place_hangs_up() -> None:
    terminal = _Terminal()
    Handing(terminal, Cell("east", 1), TPDU_2, Proxies()).send(Frame(_HEAD, b"one"))
    await asyncio.wait_for(terminal.closed.wait(), 5)
    assert terminal.over == 1


@pytest.mark.parametrize("answer", [b"", b"\xff\xff\xff\xff rubbish", b"never"])
async def test_a_cell_that_breaks_off_or_says_nothing_hangs_up(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_on, "_ANSWER_S", 0.2)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        if answer == b"never":
            await reader.read()  # until the other side has had enough
        else:
            writer.write(answer)

    terminal = _Terminal()
    async with _cell(serve) as cell:
        Handing(terminal, cell, TPDU_2, Proxies()).send(Frame(_HEAD, b"one"))
        await asyncio.wait_for(terminal.closed.wait(), 5)
    assert terminal.over == 1
    assert terminal.heard == []
