"""Closes business days, counts what each came to for a shop, and makes that available when due.

Each step is one statement that finds what is left of its work by itself, so that whoever comes
after a process that was killed goes on from there, and two of them do nothing twice.
"""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import asyncpg
import chinese_calendar
import structlog

from annul.domain.business_day import Calendar, CutOver
from annul.domain.ledger import OF_TRANSACTIONS
from annul.domain.settlement import DEFAULT_TERMS, Cycle, Terms
from annul.merchants.cut_overs import latest
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops
from annul.store.posting import PARTS
from annul.store.sql import listed, load

from .reserve import Reserves

log = structlog.get_logger(__name__)

_SQL: Final = load(
    "annul.settle", "days.sql", of_transactions=listed(sorted(OF_TRANSACTIONS)), **PARTS
)
_LEASE: Final = timedelta(minutes=10)
_MOST: Final = 2_000  # days of merchants in one statement
_EVERY_S: Final = 60.0
_WITHIN_S: Final = 3_600.0  # the first time all days that there ever were
_LOOKS_S: Final = 0.2  # how often is asked whether writers of a closed day have ended,
_LOOKS: Final = 100  # and how many times before it is left to the next run
_DAY: Final = timedelta(days=1)
_LAST_DAY_OF_WEEK: Final = 5


class Settled(NamedTuple):
    """What a run has done: business days that were counted, days of merchants in them.

    `available` are days of merchants that became so.
    """

    days: tuple[date, ...]
    counted: int
    available: int


def works(day: date) -> bool:
    """Say whether banks work on a day; of a year that is not announced yet, Monday to Friday."""
    try:
        return chinese_calendar.is_workday(day)
    except NotImplementedError:
        return day.isoweekday() <= _LAST_DAY_OF_WEEK


class Days:
    """The business days of a cell. A day is closed once the last of its merchants has ended it.

    Then `grace` passes.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        calendar: Calendar,
        clock: Clock,
        *,
        grace: timedelta = timedelta(minutes=10),
        loops: Loops | None = None,
    ) -> None:
        self._pool = pool
        self._calendar = calendar
        self._clock = clock
        self._grace = grace
        self._loops = loops or Loops(clock)
        self._reserves = Reserves(pool)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin: each minute what is due."""
        self._loop = self._loops.start(
            "settlement", self._turn, first_s=1.0, every_s=_EVERY_S, within_s=_WITHIN_S
        )

    async def stop(self) -> None:
        """End; what was not done is found by the next one."""
        if self._loop is not None:
            await self._loop.stop()

    async def _turn(self) -> None:
        done = await self.run()
        if done is not None and (done.counted or done.available):
            log.info("settled", counted=done.counted, available=done.available)

    async def run(self, told: Callable[[str, int], None] | None = None) -> Settled | None:
        """Do all that is due; None while another process does it.

        `told` is called with what was done of each step, as it goes on.
        """
        now = self._clock.now()
        until = now + _LEASE
        books = await self._pool.fetchrow(*_SQL["claim"](now=now, until=until))
        if books is None:
            return None
        try:
            days, counted = await self._close(books["counted_to"], now, told)
            return Settled(days, counted, await self._available(now, told))
        finally:
            await self._pool.execute(*_SQL["release"](until=until))

    async def _close(
        self, counted_to: date, now: datetime, told: Callable[[str, int], None] | None
    ) -> tuple[tuple[date, ...], int]:
        """Close what has ended, and count each day that is not."""
        open_from = await self._open_from(now - self._grace)
        await self._pool.execute(*_SQL["close"](day=open_from))
        found, total = list[date](), 0
        if counted_to >= open_from - _DAY or not await self._quiet():
            return (), 0
        while True:
            day = await self._pool.fetchval(*_SQL["first_day"](after=counted_to, before=open_from))
            if day is None:
                await self._pool.execute(*_SQL["counted"](before=open_from))
                return tuple(found), total
            counted = await self._count(day)
            found.append(day)
            total, counted_to = total + counted, day
            if told is not None:
                told("counted", counted)

    async def _open_from(self, ended: datetime) -> date:
        """Give the first business day that had not ended for everybody, the house included."""
        house = self._calendar.business_date(ended)
        last = await latest(self._pool, self._calendar.local(ended).date())
        own = (CutOver(date.min, last),)
        return min(house, self._calendar.business_date(ended, own))

    async def _quiet(self) -> bool:
        """Wait until nobody writes who does not know what is closed; False: it takes too long."""
        for _ in range(_LOOKS):
            if await self._pool.fetchval(*_SQL["quiet"]()):
                return True
            await asyncio.sleep(_LOOKS_S)
        return False

    async def _count(self, day: date) -> int:
        rows = await self._pool.fetch(*_SQL["terms"](day=day))
        dues = [
            Terms(day, Cycle(row["cycle"]), row["days"], row["weekday"]).due(day, works)
            for row in rows
        ]
        return await self._pool.fetchval(
            *_SQL["count_day"](
                day=day,
                cycles=[row["cycle"] for row in rows],
                days=[row["days"] for row in rows],
                weekdays=[row["weekday"] for row in rows],
                dues=dues,
                default_due=DEFAULT_TERMS.due(day, works),
            )
        )

    async def _available(self, now: datetime, told: Callable[[str, int], None] | None) -> int:
        # Due by the date on the wall: a business day begins on the evening before.
        when = {
            "today": self._calendar.local(now).date(),
            "business_date": self._calendar.business_date(now),
            "now": now,
        }
        await self._reserves.search()
        await self._reserves.hold(when["today"])
        total = 0
        while True:
            done = await self._pool.fetchval(*_SQL["make_available"](**when, most=_MOST))
            total += done
            if told is not None and done:
                told("available", done)
            if done < _MOST:
                break
        await self._reserves.free(when["business_date"], now)
        return total
