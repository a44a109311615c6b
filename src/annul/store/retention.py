"""Lets go what is too old: a supervised loop, on one host of a cell at a time, a few rows a batch.

What goes when stands in `annul.domain.retention`. A subject is taken by a lease, so what a process
leaves another takes up; between two batches it rests longer than it has worked. What went on a day
is one row of the audit log for each subject, written with the first look of a later day.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

import asyncpg
import structlog

from annul.domain.kinds import REFUNDABLE, VOIDABLE
from annul.domain.retention import RETENTION, Retained, kept_days
from annul.domain.states import UNFINISHED

from .clock import Clock
from .loop import Loop, Loops
from .sql import listed, load

log = structlog.get_logger(__name__)

SQL: Final = load(
    "annul.store",
    "retention.sql",
    unfinished=listed(UNFINISHED),
    originals=listed({*VOIDABLE, *REFUNDABLE}),
)
HOLD_DAYS: Final = 30  # in which a hold on a card is completed. Source: UnionPay POS rules
_WALKS: Final = "card_ciphers"  # goes by transactions, without an index of its own for what is left
_ROWS: Final = 500
_RESTS: Final = 4.0  # times as long as a batch has taken
_LONGEST_S: Final = 300.0  # for one subject in one turn; the next one goes on from there
_EVERY_S: Final = 3600.0
_FIRST_S: Final = 300.0
# Shorter than the time between two turns: else a turn that comes a little early waits for the next.
_DUE: Final = timedelta(minutes=50)
_LEASE: Final = timedelta(minutes=10)  # far longer than a batch


class Holding(NamedTuple):
    """What there is of a subject: rows, since when, and when something of it went last."""

    retained: Retained
    days: int
    rows: int
    oldest: datetime | None
    last_at: datetime | None


class Retention:
    """The job. `chosen` are days in place of the table's; `business_date` is that of a moment."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: Clock,
        business_date: Callable[[datetime], date],
        chosen: Mapping[str, int],
        *,
        rows: int = _ROWS,
        loops: Loops | None = None,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._business_date = business_date
        self._days = kept_days(chosen)
        self._rows = rows
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start(
            "retention",
            self._turn,
            first_s=_FIRST_S,
            every_s=_EVERY_S,
            within_s=2 * _LONGEST_S * len(RETENTION),
        )

    async def stop(self) -> None:
        """End, between two batches or in the middle of one, which is then undone."""
        if self._loop is not None:
            await self._loop.stop()

    async def _turn(self) -> None:
        gone = {subject: rows for subject, rows in (await self.round()).items() if rows}
        if gone:
            log.info("purged", **gone)

    async def round(self) -> dict[str, int]:
        """Let go what is due; gives how many rows of each subject that was this process's."""
        gone: dict[str, int] = {}
        for retained in RETENTION:
            now = self._clock.now()
            day = now.astimezone(UTC).date()
            claim = SQL["claim"](subject=retained.subject, now=now, until=now + _LEASE, day=day)
            reached = await self._pool.fetchval(*claim)
            if reached is not None:
                await self._pool.execute(
                    *SQL["close_day"](
                        subject=retained.subject, today=day, now=now, reason=retained.reason.en
                    )
                )
                gone[retained.subject] = await self._purge(retained, reached)
        return gone

    async def held(self) -> list[Holding]:
        """Give what there is of each subject; counting reads whole tables."""
        rows = {row["subject"]: row for row in await self._pool.fetch(*SQL["held"]())}
        return [
            Holding(
                one,
                self._days[one.subject],
                rows[one.subject]["rows"],
                rows[one.subject]["oldest"],
                rows[one.subject]["last_at"],
            )
            for one in RETENTION
        ]

    # Inside ---------------------------------------------------------------------------------

    async def _purge(self, retained: Retained, reached: datetime) -> int:
        """Take batch after batch until nothing may go any more, or for as long as a turn may."""
        began, gone = self._clock.monotonic(), 0
        before = self._clock.now() - timedelta(days=self._days[retained.subject])
        ended = False
        while not ended and self._clock.monotonic() - began < _LONGEST_S:
            batch_began = self._clock.monotonic()
            batch, further = await self._batch(retained.subject, before, reached)
            gone += batch
            ended = further is None
            reached = further or reached
            await asyncio.sleep(_RESTS * (self._clock.monotonic() - batch_began))
        await self._pool.execute(
            *SQL["rest"](
                subject=retained.subject,
                due_at=self._clock.now() + _DUE,
                ended=ended,
                before=before,
            )
        )
        return gone

    async def _batch(
        self, subject: str, before: datetime, reached: datetime
    ) -> tuple[int, datetime | None]:
        """Let go some rows; gives how many, and where the next begin, None when there are none."""
        now = self._clock.now()
        more: dict[str, Any] = {}
        if subject == _WALKS:
            more = {
                "reached": reached,
                "today": self._business_date(now),
                "hold_days": HOLD_DAYS,
            }
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(*SQL[subject](before=before, limit=self._rows, **more))
            assert row is not None, "a batch is counted"
            walked = row.get("reached")
            await connection.execute(
                *SQL["count"](
                    subject=subject,
                    gone=row["gone"],
                    before=before,
                    now=now,
                    until=now + _LEASE,
                    reached=walked,
                    left_from=row.get("left_from"),
                )
            )
        if subject == _WALKS:
            return row["gone"], walked
        return row["gone"], reached if row["gone"] == self._rows else None
