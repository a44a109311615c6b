"""The turn that keeps the report on capacity, and tells somebody of what will be short.

One host process of a cell at a time; whoever is killed leaves nothing behind but the turn.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import structlog

from annul.domain.business_day import Calendar
from annul.domain.incident import Incident
from annul.store.clock import Clock
from annul.store.incidents import Ended, closing, open_of, opening
from annul.store.loop import Loop, Loops

from .advice import BY_NAME
from .asking import worked_out
from .gathering import count_volumes, gather
from .samples import SQL
from .told import Advice, Question, Report

log = structlog.get_logger(__name__)

KIND: Final = "capacity_short"
_EVERY_S: Final = 300.0
_FIRST_S: Final = 90.0  # once there is a sample
_WITHIN_S: Final = 600.0
_ANEW: Final = timedelta(hours=1)


class Judging:
    """The loop. Of what is short within `notice_days` somebody is told."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        calendar: Calendar,
        clock: Clock,
        notice_days: int,
        loops: Loops,
    ) -> None:
        self._pool = pool
        self._calendar = calendar
        self._clock = clock
        self._notice = timedelta(days=notice_days)
        self._loops = loops
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start(
            "capacity", self.turn, first_s=_FIRST_S, every_s=_EVERY_S, within_s=_WITHIN_S
        )

    async def stop(self) -> None:
        """End, a process that works it out included."""
        if self._loop is not None:
            await self._loop.stop()

    async def turn(self) -> None:
        """Count the hours that have ended; work it out anew when it is an hour old."""
        # It is held as long as this goes on, by a transaction that writes nothing itself.
        async with self._pool.acquire() as turn, turn.transaction():
            if not await turn.fetchval(*SQL["turn"]()):
                return
            now = self._clock.now()
            if not await count_volumes(self._pool, now):
                return  # a long journal: the next turn goes on
            kept = await self._pool.fetchrow(*SQL["report"]())
            if kept is None or now - kept["at"] >= _ANEW:
                await self.judge(now)

    async def judge(self, now: datetime) -> Report:
        """Work it out, keep it, and tell of what will be short or no longer is."""
        measured = await gather(self._pool, self._calendar, now)
        report = await worked_out(Question(measured=measured))
        async with self._pool.acquire() as connection, connection.transaction():
            told = report.model_dump(mode="json")
            await connection.execute(*SQL["tell"](at=now, report=told))
            await self._tell(connection, report, now)
        log.info("capacity_worked_out", enough=report.carried.enough)
        return report

    async def _tell(self, connection: Any, report: Report, now: datetime) -> None:
        short = {one.name: one for one in report.advice if self._is_short(one, report)}
        raised = [_incident(one) for one in short.values()]
        if raised:
            await connection.execute(*opening(raised, now))
        rows = await connection.fetch(*open_of(KIND))
        ended = [Ended(KIND, "", name) for _, name in rows if name not in short]
        if ended:
            await connection.execute(*closing(ended, now))

    def _is_short(self, advice: Advice, report: Report) -> bool:
        if advice.now is not None and advice.now >= advice.limit:
            return True
        last = report.at.date() + self._notice
        return advice.due is not None and advice.due <= last


def _incident(advice: Advice) -> Incident:
    threshold = BY_NAME[advice.name]
    return Incident.of(
        KIND,
        "",
        advice.name,
        what=threshold.title,
        share=f"{advice.now or 0:.0%}",
        limit=f"{advice.limit:.0%}",
        due=advice.due.isoformat() if advice.due else "",
        then=threshold.then,
    )
