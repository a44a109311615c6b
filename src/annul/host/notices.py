"""What a terminal is told with its next message: how a void of its ended."""

import asyncio
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from annul.store.batcher import LOST
from annul.store.database import load_queries

log = structlog.get_logger(__name__)

_QUERIES: Final = {
    name: query.sql for name, query in load_queries("annul.host", "notices.sql").items()
}


class Notices:
    """Undelivered notices by terminal, in memory; the table is the truth and is read again."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._waiting: dict[tuple[str, str], dict[UUID, str]] = {}
        self._writing: set[asyncio.Task[None]] = set()

    async def refresh(self) -> None:
        """Read what waits."""
        waiting: dict[tuple[str, str], dict[UUID, str]] = {}
        for merchant_id, identity, terminal_id, text in await self._pool.fetch(_QUERIES["waiting"]):
            waiting.setdefault((merchant_id, terminal_id), {})[identity] = text
        self._waiting = waiting

    @property
    def waiting(self) -> bool:
        """Whether any terminal is to be told something."""
        return bool(self._waiting)

    def take(self, merchant_id: str, terminal_id: str, at: datetime) -> str:
        """Give the oldest notice of a terminal, empty when there is none.

        It is given once: written down as delivered while the answer is on its way.
        """
        if not self._waiting:
            return ""
        mine = self._waiting.get((merchant_id, terminal_id))
        if not mine:
            return ""
        identity = next(iter(mine))
        text = mine.pop(identity)
        task = asyncio.create_task(self._delivered(merchant_id, identity, at))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        return text

    async def close(self) -> None:
        """Finish what is being written."""
        if self._writing:
            await asyncio.wait(self._writing)

    async def _delivered(self, merchant_id: str, identity: UUID, at: datetime) -> None:
        try:
            await self._pool.execute(_QUERIES["delivered"], merchant_id, identity, at)
        except LOST:
            log.warning("notice_not_marked")  # the terminal hears it once more
