"""Learns issuers' rules while hosts serve: a supervised loop, on one of them at a time.

Every few seconds it takes what issuers have answered and looks anew at some of those that did; once
a night at all samples of each. It rests far longer than it works, and keeps after each step what is
done, so that whoever comes next goes on from there.
"""

import asyncio
from datetime import date, datetime, timedelta
from typing import Final

import structlog

from annul.domain.business_day import Calendar
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops

from .fitting import ALL, DAYS, LIVE, Fitting
from .samples import AGAIN, Claim, Samples

log = structlog.get_logger(__name__)

NEVER_BY_ITSELF: Final = 1.01  # no rule is as sure as that
_LEASE: Final = timedelta(minutes=10)  # longer than a turn
_TAKES_S: Final = 20.0  # of samples in one turn, when there is much to catch up with
_FITS: Final = 4  # issuers in one turn
_RESTS: Final = 10.0  # times as long as a turn has worked
_LONGEST_REST_S: Final = 300.0
_LATE: Final = timedelta(days=2)  # until when answers come late
_NIGHT: Final = timedelta(hours=3)  # when all is looked at: shops are closed, the day has ended
_WITHIN_S: Final = 1800.0


class Learning:
    """The loop. A rule as sure as `policies_from` becomes a policy by itself."""

    def __init__(
        self,
        samples: Samples,
        fitting: Fitting,
        calendar: Calendar,
        clock: Clock,
        *,
        every_s: float = 10.0,
        policies_from: float = NEVER_BY_ITSELF,
        loops: Loops | None = None,
    ) -> None:
        self._samples = samples
        self._fitting = fitting
        self._calendar = calendar
        self._clock = clock
        self._every_s = every_s
        self._policies_from = policies_from
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start(
            "rules", self._turn, first_s=self._every_s, every_s=self._every_s, within_s=_WITHIN_S
        )

    async def stop(self) -> None:
        """End, in the middle of a turn as well: what was not kept is done again."""
        if self._loop is not None:
            await self._loop.stop()

    async def _turn(self) -> None:
        began = self._clock.monotonic()
        await self.round()
        worked = self._clock.monotonic() - began
        await asyncio.sleep(min(max(_RESTS * worked - self._every_s, 0.0), _LONGEST_REST_S))

    async def round(self) -> bool:
        """Take what is new and look at some of it; False while another process does."""
        claim = await self._samples.claim(self._clock.now(), _LEASE)
        if claim is None:
            return False
        try:
            await self._learn(claim)
        finally:
            await self._samples.release(claim)
        return True

    async def _learn(self, claim: Claim) -> None:
        now = self._clock.now()
        if not await self._taken(claim, now):
            return  # rules are of all samples, not of the oldest
        night = (self._calendar.local(now) - _NIGHT).date()
        for issuer_id in await self._fitting.fresh(_FITS):
            await self.fit(issuer_id, now)
        for issuer_id in await self._fitting.due(night, _FITS):
            await self.fit(issuer_id, now, night)

    async def _taken(self, claim: Claim, now: datetime) -> bool:
        """Take samples up to now, for as long as a turn may; says whether that was all."""
        ends = self._clock.monotonic() + _TAKES_S
        night = (self._calendar.local(now) - _NIGHT).date()
        since, again = claim.taken_until or now - timedelta(days=DAYS), AGAIN
        if claim.whole_on != night and claim.taken_until is not None:
            again = _LATE
        while True:
            stretch = await self._samples.take(since, now, again)
            if stretch.until >= now:
                break
            since, again = stretch.until, timedelta()
            if self._clock.monotonic() >= ends:
                return False
        if claim.whole_on != night:
            await self._samples.retaken(night)
        return True

    async def fit(self, issuer_id: str, now: datetime, whole: date | None = None) -> None:
        """Look at an issuer's latest samples, or at all of them, and keep what they say."""
        found = await self._fitting.fit(issuer_id, now, ALL if whole else LIVE)
        await self._fitting.keep(issuer_id, found, now, whole)
        made = await self._fitting.adopt_surest(issuer_id, self._policies_from, now)
        if made:
            log.info("rules_became_policies", issuer=issuer_id, policies=made)
