"""Issuers whose cards have trouble, as a cashier is told with the answer to each of their cards.

It is in memory and read again every second: no message asks the database for it.
"""

from dataclasses import replace
from typing import Final

import asyncpg

from annul.domain.terminal_notes import ISSUER_TROUBLE
from annul.store.sql import load

from .reply import Reply, note

_SQL: Final = load("annul.host", "troubles.sql")
_NOTE: Final = 63
_ROOM: Final = 163  # bytes of field 63, a Chinese character takes two
EVERY_S: Final = 1.0


class Troubles:
    """Which issuers are down; the incidents are the truth, and are read again."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.down: frozenset[str] = frozenset()

    async def refresh(self) -> None:
        """Read which issuers are down."""
        self.down = frozenset(row[0] for row in await self._pool.fetch(*_SQL["down"]()))

    def noted(self, reply: Reply) -> Reply:
        """Add to an answer that its issuer has trouble, behind what it says, if there is room."""
        if not self.down or reply.issuer not in self.down:
            return reply
        said = reply.fields.get(_NOTE, "")
        if not said:
            return replace(reply, fields={**reply.fields, **note(ISSUER_TROUBLE.zh)})
        text = f"{said} {ISSUER_TROUBLE.zh}"
        if len(text.encode("gb18030")) > _ROOM:
            return reply
        return replace(reply, fields={**reply.fields, _NOTE: text})
