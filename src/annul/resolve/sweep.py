"""The sweep beside a host that serves: every few minutes, and never at its cost.

Each round looks at what came lately, at all that is unfinished or owed, and at the incidents that
are open; then it goes on through the last day from where it stopped, resting far longer than it
works. Several hosts may do so at once: an incident is open once, whoever finds it.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import structlog

from annul.store.clock import Clock
from annul.store.loop import Loop, Loops

from .audit import EVER, GRACE, Auditor, Report, Span
from .differences import Over

log = structlog.get_logger(__name__)

_WINDOW: Final = timedelta(hours=26)  # of transactions: a business day and what is late of it
_CASES: Final = timedelta(days=4)  # longer than any case is given
_FIRST: Final = timedelta(minutes=15)  # what came before a host started, in its first round
_ROWS: Final = 2_000  # transactions looked at in one go
# How much longer it rests than it has worked: over what is new, and over what was looked at before.
_RESTS: Final = 20.0
_RESTS_AGAIN: Final = 100.0
_LONGEST_S: Final = 3 * 3600.0  # seconds that a round may take: it rests far longer than it works
_SELDOM: Final = timedelta(hours=24)  # until a question is tried again that took too long


class Sweep:
    """Looks for contradictions until it is stopped. It outlives every fault of its own."""

    def __init__(
        self,
        auditor: Auditor,
        clock: Clock,
        *,
        every_s: float = 300.0,
        first_s: float = 60.0,
        loops: Loops | None = None,
    ) -> None:
        self._auditor = auditor
        self._clock = clock
        self._every_s = every_s
        self._first_s = first_s
        self._seen: datetime | None = None  # up to here what came was looked at
        self._reached = EVER  # up to here it was looked at again, on the way through the last day
        self._balances_from = EVER
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start(
            "sweep", self._turn, first_s=self._first_s, after_s=self._every_s, within_s=_LONGEST_S
        )

    async def stop(self) -> None:
        """End, in the middle of a round as well."""
        if self._loop is not None:
            await self._loop.stop()

    async def _turn(self) -> None:
        started = self._clock.monotonic()
        report = await self.round()
        if report.opened or report.closed:
            log.warning("audit", opened=report.opened, closed=report.closed)
        if report.left_out:
            log.warning("audit_left_out", kinds=sorted(report.left_out))
        await asyncio.sleep(max(self._every_s - (self._clock.monotonic() - started), 1.0))

    async def round(self) -> Report:
        """Look once at all that is new or open, and go on through the last day for a while."""
        auditor, now, report = self._auditor, self._clock.now(), Report()
        ends = self._clock.monotonic() + self._every_s
        begin, until = now - _WINDOW, now - GRACE
        await auditor.look(Over.OPEN, Span(EVER, until), now, report)
        await auditor.look(Over.ACCOUNTS, Span(EVER, now), now, report)
        await self._balances(now, report)
        for span in await auditor.long_open(begin, _ROWS):
            await self._look(span, now, report, _RESTS)
        async for span in auditor.spans(Over.CASES, Span(now - _CASES, until)):
            await auditor.look(Over.CASES, span, now, report)
        new = max(self._seen or until - _FIRST, begin)
        async for span in auditor.spans(Over.TRANSACTIONS, Span(new, until), _ROWS):
            await self._look(span, now, report, _RESTS)
        async for span in auditor.spans(Over.PAYOUTS, Span(new, until)):
            await self._look(span, now, report, _RESTS, Over.PAYOUTS)
        self._seen = until
        await auditor.mend(now, report)
        await self._again(Span(max(self._reached, begin), new), now, report, ends)
        return report

    async def _again(self, span: Span, now: datetime, report: Report, ends: float) -> None:
        """Look again at what was looked at before: on from where the last round stopped."""
        async for part in self._auditor.spans(Over.TRANSACTIONS, span, _ROWS):
            await self._look(part, now, report, _RESTS_AGAIN)
            self._reached = part.until
            if self._clock.monotonic() >= ends:
                return
        self._reached = EVER

    async def _look(
        self,
        span: Span,
        now: datetime,
        report: Report,
        rests: float,
        over: Over = Over.TRANSACTIONS,
    ) -> None:
        began = self._clock.monotonic()
        await self._auditor.look(over, span, now, report)
        await asyncio.sleep(rests * (self._clock.monotonic() - began))

    async def _balances(self, now: datetime, report: Report) -> None:
        """Add the books up, as long as they are so small that it takes no time."""
        if now < self._balances_from:
            return
        for over in (Over.EVERYTHING, Over.CHARGEBACKS):
            await self._auditor.look(over, Span(EVER, now), now, report, seldom=True)
        if report.left_out:
            self._balances_from = now + _SELDOM
