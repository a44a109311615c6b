"""What a terminal is told with its next message: how a void, refund or completion of its ended.

A notice counts as delivered once the answer that carries it has left for the terminal, and stays
with it until then: told twice is no harm, told never would be.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
import structlog

from annul.store.batcher import LOST
from annul.store.sql import load

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.host", "notices.sql")
_Terminal = tuple[str, str]


class _Given(NamedTuple):
    """A notice that an answer carries, and since when."""

    terminal: _Terminal
    identity: UUID
    text: str
    at: datetime


class Notices:
    """Undelivered notices by terminal, in memory; the table is the truth and is read again."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._waiting: dict[_Terminal, dict[UUID, str]] = {}
        self._given: dict[int, _Given] = {}  # by the id of whose answer it is
        self._leaving: dict[UUID, _Given] = {}
        self._writing: set[asyncio.Task[None]] = set()

    async def refresh(self) -> None:
        """Read what waits: of each terminal the oldest."""
        rows = await self._pool.fetch(*_SQL["waiting"]())
        on_their_way = {given.identity for given in self._given.values()} | set(self._leaving)
        waiting: dict[_Terminal, dict[UUID, str]] = {}
        for merchant_id, identity, terminal_id, text in rows:
            if identity not in on_their_way:
                waiting.setdefault((merchant_id, terminal_id), {})[identity] = text
        self._waiting = waiting

    @property
    def waiting(self) -> bool:
        """Whether any terminal is to be told something."""
        return bool(self._waiting)

    def take(self, merchant_id: str, terminal_id: str, answers: object, at: datetime) -> str:
        """Give the oldest notice of a terminal, empty when there is none.

        It goes with the answer to `answers`, of which `written` must then hear.
        """
        mine = self._waiting.get((merchant_id, terminal_id))
        if not mine:
            return ""
        identity = next(iter(mine))
        text = mine.pop(identity)
        self._given[id(answers)] = _Given((merchant_id, terminal_id), identity, text, at)
        return text

    def written(self, answers: object, left: Callable[[], Awaitable[bool]] | None) -> None:
        """Hear what became of an answer: `left` says whether it has left, None that it never will.

        Called for every answer; `left` is asked only when it carries a notice.
        """
        given = self._given.pop(id(answers), None)
        if given is None:
            return
        if left is None:
            self._again(given)
            return
        self._leaving[given.identity] = given
        task = asyncio.create_task(self._delivered(given, left()))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        """Finish what is being written."""
        if self._writing:
            await asyncio.wait(self._writing)

    async def _delivered(self, given: _Given, left: Awaitable[bool]) -> None:
        marked = False
        try:
            if await left:
                merchant_id, _ = given.terminal
                mark = _SQL["delivered"](merchant=merchant_id, id=given.identity, now=given.at)
                await self._pool.execute(*mark)
                marked = True
        except LOST:
            log.warning("notice_not_marked")  # the terminal hears it once more
        finally:
            del self._leaving[given.identity]
            if not marked:
                self._again(given)

    def _again(self, given: _Given) -> None:
        """Let a terminal hear it with its next message."""
        mine = self._waiting.get(given.terminal, {})
        self._waiting[given.terminal] = {given.identity: given.text, **mine}
