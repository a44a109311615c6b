"""Messages of merchants of other cells: handed on to a host there as they came, and back again.

Nothing of them is judged here; the other cell asks for the same proof as of anybody. Between the
two goes one connection for each connection of a terminal and cell, so that neither a slow cell nor
one that is down holds up what is served here.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Final, Protocol

import structlog

from annul.domain.cells import Cell
from annul.wire.errors import FrameError
from annul.wire.framing import Frame, Framer, Framing

from .peer import Peer
from .proxied import Proxies

log = structlog.get_logger(__name__)

MOST_HOPS: Final = 2  # to the cell of its range, and from there to where it moved
_CONNECT_S: Final = 3.0
_ANSWER_S: Final = 65.0  # longer than the slowest issuer is waited for
_LIMIT: Final = 8_192  # bytes of an answer


class Asking(Protocol):
    """A terminal's connection whose messages are handed on."""

    peer: Peer

    def passed_back(self, frame: bytes) -> None:
        """Send an answer of the other cell as it came."""
        ...

    def ended(self) -> None:
        """Take note that a request is done."""
        ...

    def broken(self) -> None:
        """Show that what was handed on has no answer, if nothing else is under way here."""
        ...


class Handing:
    """What one connection of a terminal has with the hosts of one other cell."""

    def __init__(self, asking: Asking, cell: Cell, framing: Framing, proxies: Proxies) -> None:
        self._asking = asking
        self._cell = cell
        self._framing = framing
        self._proxies = proxies
        self._before: list[bytes] | None = []  # until it is there
        self._open = 0  # requests without an answer
        self._line: _Line | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.closed = False
        self._task = asyncio.create_task(self._connect())

    def send(self, frame: Frame) -> None:
        """Hand a message on; `ended` is called for it once."""
        if self.closed:
            self._asking.ended()
            return
        self._open += 1
        packed = self._framing.pack(frame.body, frame.head)
        if self._before is not None:
            self._before.append(packed)
        elif self._line is not None:
            self._line.write(packed)
        self._waits()

    def close(self) -> None:
        """Give up what has no answer; nothing is known of it here, and its terminal reverses it."""
        if self.closed:
            return
        self.closed = True
        self._task.cancel()
        if self._timer is not None:
            self._timer.cancel()
        if self._line is not None:
            self._line.abort()
        while self._open:
            self._open -= 1
            self._asking.ended()

    def came(self, frames: list[Frame]) -> None:
        """Pass answers back."""
        for frame in frames:
            self._asking.passed_back(self._framing.pack(frame.body, frame.head))
            if self._open:
                self._open -= 1
                self._asking.ended()
        self._waits()

    def lost(self) -> None:
        """End with the connection. Who waited sees a broken line, if that disturbs nobody else.

        A concentrator has many terminals on a line; one of another cell reverses by its own time.
        """
        if not self.closed:
            waited = bool(self._open)
            self.close()
            if waited:
                self._asking.broken()

    def _waits(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._open and not self.closed:
            self._timer = asyncio.get_running_loop().call_later(_ANSWER_S, self.lost)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        addresses = list(self._cell.terminals)
        random.shuffle(addresses)
        for host, port in addresses:
            try:
                async with asyncio.timeout(_CONNECT_S):
                    _, self._line = await loop.create_connection(self._made, host, port)
            except OSError:  # a time-out is one too
                continue
            self._line.write(self._proxies.header(self._asking.peer, self._cell.name))
            for packed in self._before or ():
                self._line.write(packed)
            self._before = None
            return
        log.warning("cell_unreachable", cell=self._cell.name, tried=len(addresses))
        self.lost()

    def _made(self) -> "_Line":
        return _Line(Framer(self._framing, _LIMIT), self.came, self.lost)


class _Line(asyncio.Protocol):
    """The connection to a host of the other cell."""

    def __init__(
        self, framer: Framer, came: Callable[[list[Frame]], None], lost: Callable[[], None]
    ) -> None:
        self._framer = framer
        self._came = came
        self._lost = lost
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._came(self._framer.feed(data))
        except FrameError as error:
            self._came(list(error.whole))
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._lost()

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def abort(self) -> None:
        self._transport.abort()
