"""A notice stays until the answer that carries it has left for its terminal."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from annul.host.notices import Notices
from annul.host.server import TerminalConnection

_NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
_SHOP, _OTHER = ("898000058120000", "10000001"), ("898000058120000", "10000002")


class Table:
    """The rows of one database, of which each process has a view of its own."""

    def __init__(self) -> None:
        self.rows: dict[UUID, tuple[tuple[str, str], str]] = {}
        self.delivered: dict[UUID, datetime] = {}
        self.lost = False

    def add(self, number: int, terminal: tuple[str, str] = _SHOP) -> None:
        self.rows[UUID(int=number)] = (terminal, f"notice {number}")

    async def fetch(self, _sql: str) -> list[tuple[str, UUID, str, str]]:
        oldest: dict[tuple[str, str], tuple[str, UUID, str, str]] = {}
        for identity, (terminal, text) in self.rows.items():
            if identity not in self.delivered:
                oldest.setdefault(terminal, (terminal[0], identity, terminal[1], text))
        return list(oldest.values())

    async def execute(self, _sql: str, at: datetime, _merchant: str, identity: UUID) -> None:
        if self.lost:
            raise ConnectionError
        self.delivered.setdefault(identity, at)


@pytest.fixture
def table() -> Table:
    return Table()


async def _notices(table: Table) -> Notices:
    pool: Any = table
    notices = Notices(pool)
    await notices.refresh()
    return notices


def _take(notices: Notices, answers: object, terminal: tuple[str, str] = _SHOP) -> str:
    return notices.take(*terminal, answers, _NOW)


async def _left() -> bool:
    return True


async def _gone() -> bool:
    return False


async def test_it_is_delivered_once_the_answer_has_left_and_not_before(table: Table) -> None:
    table.add(1)
    notices, entry, left = await _notices(table), object(), asyncio.Event()

    async def leaves() -> bool:
        await left.wait()
        return True

    assert _take(notices, entry) == "notice 1"
    await notices.refresh()
    assert _take(notices, object()) == "", "it is on its way"
    notices.written(entry, leaves)
    await asyncio.sleep(0)
    assert table.delivered == {}
    left.set()
    await notices.close()
    assert table.delivered == {UUID(int=1): _NOW}
    await notices.refresh()
    assert _take(notices, object()) == ""


@pytest.mark.parametrize("left", [None, _gone])
async def test_it_is_given_again_when_its_terminal_has_gone(table: Table, left: Any) -> None:
    table.add(1)
    notices, entry = await _notices(table), object()
    assert _take(notices, entry) == "notice 1"
    notices.written(entry, left)
    await notices.close()
    assert table.delivered == {}
    for refreshed in (False, True):
        if refreshed:
            await notices.refresh()
        again = object()
        assert _take(notices, again) == "notice 1"
        notices.written(again, None)


async def test_it_is_told_once_more_when_it_could_not_be_marked(table: Table) -> None:
    table.add(1)
    notices, entry = await _notices(table), object()
    _take(notices, entry)
    table.lost = True
    notices.written(entry, _left)
    await notices.close()
    again = object()
    assert _take(notices, again) == "notice 1"
    table.lost = False
    notices.written(again, _left)
    await notices.close()
    assert set(table.delivered) == {UUID(int=1)}


async def test_an_answer_without_a_notice_marks_none(table: Table) -> None:
    table.add(1)
    notices = await _notices(table)
    carrying, other = object(), object()
    _take(notices, carrying)
    notices.written(other, _left)
    assert _take(notices, object(), _OTHER) == ""
    await notices.close()
    assert table.delivered == {}


async def test_two_processes_may_both_tell_it_and_neither_forgets_it(table: Table) -> None:
    table.add(1)
    here, there = await _notices(table), await _notices(table)
    assert _take(here, here) == _take(there, there) == "notice 1"
    here.written(here, None)
    there.written(there, _left)
    await there.close()
    assert set(table.delivered) == {UUID(int=1)}
    await here.refresh()
    assert _take(here, object()) == ""


async def test_the_oldest_of_a_terminal_comes_first_and_those_of_dead_ones_keep_no_other_waiting(
    table: Table,
) -> None:
    for number in range(1, 4):
        table.add(number, _OTHER)
    table.add(4)
    notices = await _notices(table)
    assert _take(notices, object()) == "notice 4"
    told = []
    for _ in range(3):
        entry = object()
        told.append(_take(notices, entry, _OTHER))
        notices.written(entry, _left)
        await notices.close()
        await notices.refresh()
    assert told == ["notice 1", "notice 2", "notice 3"]


# What has left ------------------------------------------------------------------------------


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
