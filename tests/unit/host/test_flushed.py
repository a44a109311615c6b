"""An answer has left once nothing of it waits to be written."""

import asyncio

from annul.host.server import TerminalConnection


class Transport:
    """Has so many bytes to write yet at each look."""

    def __init__(self, *sizes: int, closing: bool = False) -> None:
        self.sizes, self.closing = list(sizes), closing

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return self.sizes.pop(0)


def _connection(transport: Transport | None) -> TerminalConnection:
    connection = object.__new__(TerminalConnection)
    connection._transport = transport
    return connection


async def test_an_answer_has_left_when_nothing_waits_to_be_written() -> None:
    transport = Transport(90, 40, 0)
    assert await _connection(transport).flushed()
    assert not transport.sizes


async def test_an_answer_never_leaves_for_a_terminal_that_has_gone() -> None:
    assert not await _connection(None).flushed()
    assert not await _connection(Transport(0, closing=True)).flushed()
    transport = Transport(90, 90)
    connection = _connection(transport)
    look = asyncio.create_task(connection.flushed())
    await asyncio.sleep(0)
    connection._transport = None  # the connection was lost
    assert not await look
