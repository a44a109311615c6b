"""The host's side of the alarms: what it has counted is written down, what it must know is read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import structlog
from uuid_utils import uuid7

from annul.domain.alarm_streams import Way
from annul.domain.alarms import Counts
from annul.issuers.tally import Tally
from annul.store.batcher import LOST
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops

from .statements import SQL

log = structlog.get_logger(__name__)

EVERY_S: Final = 3.0
_BETWEEN: Final = "\x1f"  # values of a column
_LEARN_S: Final = 300.0  # between two looks at what terminals run and what is slow
_SHOPS_OF: Final = 5  # turns of which one writes counts by merchant, which are the many
_WAITING: Final = 50_000  # counts that wait for the database; beyond, they are not kept


class Counting:
    """Writes the counts of one process every few seconds, and once more when it stops.

    `missed` are transactions that could not be counted.
    """

    def __init__(
        self, pool: asyncpg.Pool, tally: Tally, clock: Clock, loops: Loops | None = None
    ) -> None:
        self.missed = 0
        self._pool = pool
        self._tally = tally
        self._clock = clock
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None
        self._since = (clock.now(), clock.now())  # all but merchants, merchants
        self._turns = 0
        self._learns_at = 0.0

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start("alarm counts", self.turn, every_s=EVERY_S)

    async def stop(self) -> None:
        """End, with what was counted written down if the database takes it."""
        if self._loop is not None:
            await self._loop.stop()
        try:
            await self.write()
        except LOST as error:
            log.warning("alarm_counts_lost", error=type(error).__name__)

    async def turn(self) -> None:
        """Write, and now and then learn."""
        self._turns += 1
        await self.write(shops=self._turns % _SHOPS_OF == 0)
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

    async def write(self, *, shops: bool = True) -> None:
        """Write what was counted since the last time, by merchant only if asked."""
        ways = self._tally.taken(shops=shops)
        mine = {way: counts for way, counts in ways.items() if not way.merchant}
        since, now = self._since, self._clock.now()
        self._since = (now, now if shops else since[1])
        try:
            if mine:
                await self._pool.execute(*counted(mine, since[0]))
                for way in mine:
                    del ways[way]
            if ways:
                await self._pool.execute(*counted(ways, since[1]))
        except LOST:
            if len(ways) > _WAITING:
                self.missed += sum(counts.asked for counts in ways.values())
            else:
                self._tally.put_back(ways)
                self._since = since
            raise


def counted(ways: Mapping[Way, Counts], since: datetime) -> tuple[Any, ...]:
    """Write counts down that were begun at `since`.

    The driver looks at each element of an array, so a column goes as one text.
    """
    texts = zip(Way._fields, map(_joined, zip(*ways, strict=True)), strict=True)
    numbers = zip(*ways.values(), strict=True)
    counts = {
        name: _joined([str(count) for count in column])
        for name, column in zip(Counts._fields, numbers, strict=True)
    }
    ids = _joined([str(uuid7()) for _ in ways])
    return SQL["count"](id=ids, at=since, **dict(texts), **counts)


def _joined(column: Sequence[str]) -> str:
    """Put values behind each other, after one that is none: a text of none has no values."""
    text = _BETWEEN.join(column)
    if text.count(_BETWEEN) >= len(column):  # a terminal says what it likes of its software
        text = _BETWEEN.join([one.replace(_BETWEEN, " ") for one in column])
    return _BETWEEN + text
