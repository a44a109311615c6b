"""What a terminal is told with its next message: how a void, refund or completion of its ended.

A notice counts as delivered once the answer that carries it has left for the terminal. Until then
one host has it, for a while: what that took along to its end is told by another.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
import structlog

from annul.store.batcher import LOST
from annul.store.sql import load

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.host", "notices.sql")
_LEASE: Final = timedelta(seconds=30)
_Terminal = tuple[str, str]


class _Given(NamedTuple):
    """A notice that an answer carries, and since when."""

    terminal: _Terminal
    identity: UUID
    at: datetime


class Notices:
    """Who is to be told something, in memory; the table is the truth, and is read again.

    A notice is taken for one answer, whichever host gives it, and given back when that never left.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._waiting: set[_Terminal] = set()
        self._given: dict[int, _Given] = {}  # by the id of whose answer it is
        self._writing: set[asyncio.Task[None]] = set()

    async def refresh(self) -> None:
        """Read for whom something waits."""
        self._waiting = {(row[0], row[1]) for row in await self._pool.fetch(*_SQL["waiting"]())}

    def wait_for(self, terminal: _Terminal) -> bool:
        """Say whether something waits for a terminal."""
        return terminal in self._waiting

    async def take(self, terminal: _Terminal, answers: object, at: datetime) -> str:
        """Give the oldest notice of a terminal; empty when there is none, or it can not be read.

        It goes with the answer to `answers`, of which `written` must then hear.
        """
        merchant_id, terminal_id = terminal
        take = _SQL["take"](merchant=merchant_id, terminal=terminal_id, lease=_LEASE)
        self._waiting.discard(terminal)  # the next look finds what else there is
        try:
            row = await self._pool.fetchrow(*take)
        except LOST:
            return ""
        if row is None:
            return ""
        self._given[id(answers)] = _Given(terminal, row["id"], at)
        return row["text"]

    def written(self, answers: object, left: Callable[[], Awaitable[bool]] | None) -> None:
        """Hear what became of an answer: `left` says whether it has left, None that it never will.

        Called for every answer; `left` is asked only when it carries a notice.
        """
        given = self._given.pop(id(answers), None)
        if given is None:
            return
        task = asyncio.create_task(self._told(given, left))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        """Finish what is being written."""
        if self._writing:
            await asyncio.wait(self._writing)

    async def _told(self, given: _Given, left: Callable[[], Awaitable[bool]] | None) -> None:
        merchant_id, _ = given.terminal
        key = {"merchant": merchant_id, "id": given.identity}
        try:
            if left is not None and await left():
                await self._pool.execute(*_SQL["delivered"](**key, now=given.at))
                return
            await self._pool.execute(*_SQL["give_back"](**key))
            self._waiting.add(given.terminal)  # it hears it with its next message
        except LOST:
            log.warning("notice_not_marked")  # it is told again once its time is over
