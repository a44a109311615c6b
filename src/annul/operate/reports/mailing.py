"""Reports are mailed: each period that is over is owed once to each person who asked for it.

Any host does it. What is owed is a row by person and period, so that none is owed twice; a letter
is written once, under a lease, for all who get the same. Channels carry it
(`annul.operate.notices.mails`).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import structlog

from annul.domain.business_day import Calendar
from annul.domain.notices import USUAL_LANGUAGE
from annul.store.clock import Clock
from annul.store.incidents import Ended, closing
from annul.store.loop import Loop, Loops
from annul.store.sql import load

from .period import Length, NotClosed, Period

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.operate.reports", "mailing.sql")
KIND: Final = "report_not_mailed"
# How many periods back are still owed when no host ran as they ended.
BACK: Final = {Length.DAY: 3, Length.WEEK: 1}
_EVERY_S: Final = 60.0
_FIRST_S: Final = 20.0
_WITHIN_S: Final = 600.0
# Far longer than to write one; as long is waited where the days of some merchant are not over yet.
_LEASE: Final = timedelta(minutes=5)


class Mailing:
    """The loop. `readers` are the roles that may read reports, `base` the console's address.

    `language` is of who has none, over a channel that has none.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        calendar: Calendar,
        clock: Clock,
        readers: Iterable[str],
        *,
        base: str = "",
        language: str = USUAL_LANGUAGE,
        loops: Loops | None = None,
    ) -> None:
        self._pool = pool
        self._calendar = calendar
        self._clock = clock
        self._readers = sorted(readers)
        self._base = base.rstrip("/")
        self._language = language
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start(
            "reports", self.turn, first_s=_FIRST_S, every_s=_EVERY_S, within_s=_WITHIN_S
        )

    async def stop(self) -> None:
        """End; what is half written is written anew once its lease is over."""
        if self._loop is not None:
            await self._loop.stop()

    async def turn(self) -> None:
        """Owe what is over, and write all that is owed and not written."""
        await self.owe(self._clock.now())
        written = True
        while written:
            written = await self._write_one(self._clock.now())

    async def owe(self, now: datetime) -> int:
        """Owe the periods that have ended, and nothing to who may not read them; gives how many."""
        await self._drop(now)
        owed = 0
        today = self._calendar.business_date(now)
        for length, back in BACK.items():
            period = Period.latest(length, today)
            for _ in range(back):
                asked = _SQL["owe"](
                    length=length.value,
                    first=period.first,
                    readers=self._readers,
                    language=self._language,
                    now=now,
                )
                owed += len(await self._pool.fetch(*asked))
                period = period.previous
        return owed

    async def _drop(self, now: datetime) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(*_SQL["drop"](readers=self._readers))
            ended = [Ended(KIND, "", about(row["name"], row["length"])) for row in rows]
            if ended:
                await connection.execute(*closing(ended, now))

    async def _write_one(self, now: datetime) -> bool:
        """Write a letter that is owed; False when there is none."""
        from .letter import (
            of_voids,
        )  # what writes files takes memory that most hosts can do without

        row = await self._pool.fetchrow(*_SQL["claim"](now=now, until=now + _LEASE))
        if row is None:
            return False
        period, merchant = Period(Length(row["length"]), row["first"]), row["merchant_id"]
        try:
            made = await of_voids(
                self._pool,
                period,
                self._calendar,
                now,
                row["language"],
                f"{self._base}/reports?period={period.name}" if self._base else "",
                merchant,
            )
        except NotClosed:  # by a merchant's own cut-over: it is asked for again
            return True
        names, media, contents = zip(*made.attachments, strict=True)
        keeping = _SQL["written"](
            **dict(row.items()),
            now=self._clock.now(),
            subject=made.subject,
            body=made.text,
            names=names,
            media=media,
            contents=contents,
        )
        await self._pool.execute(*keeping)
        log.info("report_written", period=period.name, language=row["language"])
        return True


def about(name: str, length: str) -> str:
    """Name what an incident of a report that is not mailed is about."""
    return f"{name} {length}"
