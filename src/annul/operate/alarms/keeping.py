"""The host's side of the alarms: what it has counted is written down, what it must know is read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.alarm_streams import Way
from annul.domain.alarms import Counts
from annul.issuers.tally import Tally
from annul.store.batcher import LOST
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops

from .statements import SQL

EVERY_S: Final = 3.0
_LEARN_S: Final = 300.0  # between two looks at what terminals run and what is slow
_WAITING: Final = 50_000  # counts that wait for the database; beyond, they are not kept


class Counting:
    """Writes the counts of one process every few seconds, and once more when it stops."""

    def __init__(
        self, pool: asyncpg.Pool, tally: Tally, clock: Clock, loops: Loops | None = None
    ) -> None:
        self.missed = 0  # transactions that could not be counted
        self._pool = pool
        self._tally = tally
        self._clock = clock
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None
        self._since = clock.now()
        self._learns_at = 0.0

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start("alarm counts", self.turn, every_s=EVERY_S)

    async def stop(self) -> None:
        """End, with what was counted written down if the database takes it."""
        if self._loop is not None:
            await self._loop.stop()
        try:
            await self._write()
        except LOST:
            self.missed += 1

    async def turn(self) -> None:
        """Write, and now and then learn."""
        await self._write()
        now = self._clock.monotonic()
        if now >= self._learns_at:
            await self.learn()
            self._learns_at = now + _LEARN_S

    async def learn(self) -> None:
        """Read what terminals run, and what is slow for each issuer."""
        rows = await self._pool.fetch(*SQL["software"]())
        self._tally.software = {
            (row["merchant_id"], row["terminal_id"]): row["software"] for row in rows
        }
        rows = await self._pool.fetch(*SQL["slow"]())
        self._tally.slow_over = {row["issuer_id"]: row["slow_ms"] / 1000 for row in rows}

    async def _write(self) -> None:
        ways = self._tally.taken()
        since, self._since = self._since, self._clock.now()
        if not ways:
            return
        try:
            await self._pool.execute(*counted(ways, since))
        except LOST:
            if len(ways) <= _WAITING:
                self._tally.put_back(ways)
                self._since = since
            else:
                self.missed += sum(counts.asked for counts in ways.values())
            raise


def counted(ways: Mapping[Way, Counts], since: datetime) -> tuple[Any, ...]:
    """Write counts down that were begun at `since`."""
    columns = zip(*(way + counts for way, counts in ways.items()), strict=True)
    names = (*Way._fields, *Counts._fields)
    values = {name: list(column) for name, column in zip(names, columns, strict=True)}
    return SQL["count"](id=[uuid7() for _ in ways], at=since, **values)
