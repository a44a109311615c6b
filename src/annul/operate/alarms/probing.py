"""Asks issuers by itself where too little traffic comes to tell how they are.

Every process looks, one asks: the row of the issuer says when it was asked last, and is taken by
one guarded statement. What is asked with is an echo, or a void that waits, which its own case then
tries. Both count in a stream of their own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from annul.domain.alarm_probes import (
    HOWS,
    How,
    ProbeOutcome,
    Standing,
    Why,
    why,
)
from annul.domain.alarm_streams import ASKED, PROBE, stake
from annul.domain.alarm_traffic import Silence
from annul.domain.alarms import MEASURES, Measure
from annul.domain.interventions import InForce
from annul.domain.kinds import VOIDS
from annul.domain.policies import WINDOWS
from annul.issuers.lines import Issuers
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops
from annul.store.sql import listed, load

from .rules import AlarmRules
from .standing import Standing as StreamStanding
from .traffic import Followed, special
from .view import evidence

_SQL: Final = load(
    "annul.operate.alarms",
    "probing.sql",
    asked=listed(ASKED),
    voids=listed(VOIDS),
    windows=listed(WINDOWS),
)
_EVERY_S: Final = 5.0
_SILENCE: Final = MEASURES.index(Measure.SILENCE)
_OUTCOMES: Final = {
    True: ProbeOutcome.ANSWERED,
    False: ProbeOutcome.SILENT,
    None: ProbeOutcome.NOT_SENT,
}


@dataclass(slots=True)
class ProbeCounts:
    """What this process has asked by itself: voids that were brought forward, and echoes."""

    voids: int = 0
    answered: int = 0
    silent: int = 0
    not_sent: int = 0


class Prober:
    """Looks every few seconds. `zone` is that of the hours from which is learnt."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        issuers: Issuers,
        in_force: Callable[[], InForce],
        clock: Clock,
        zone: ZoneInfo,
        rules: AlarmRules,
        loops: Loops | None = None,
    ) -> None:
        self.counts = ProbeCounts()
        self._pool = pool
        self._issuers = issuers
        self._in_force = in_force
        self._clock = clock
        self._zone = zone
        self._rules = rules
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin, unless nobody is to be asked."""
        if self._rules.probe_every_s:
            self._loop = self._loops.start("probes", self.turn, every_s=_EVERY_S)

    async def stop(self) -> None:
        """End."""
        if self._loop is not None:
            await self._loop.stop()

    async def turn(self) -> None:
        """Ask whom there is reason to ask, over the lines that are up here."""
        now, rules = self._clock.now(), self._rules.probes
        rows = await self._pool.fetch(
            *_SQL["issuers"](
                issuers=self._issuers.up(), now=now, before=now - rules.every, probe=PROBE
            )
        )
        reasons = {row["member"]: why(await self._standing(row, now), rules) for row in rows}
        # One that is silent keeps none of the others waiting.
        await asyncio.gather(
            *(self._ask(issuer_id, reason) for issuer_id, reason in reasons.items() if reason)
        )

    async def _standing(self, row: Any, now: datetime) -> Standing:
        issuer_id, rules, in_force = row["member"], self._rules, self._in_force()
        stream = StreamStanding.of(row)
        told = [
            evidence(sum(account), stake(stream.stream, measure, rules.per_million))
            for measure, account in zip(MEASURES, stream.accounts, strict=True)
        ]
        silence = told.pop(_SILENCE)
        came = await self._pool.fetchval(
            *_SQL["came"](issuer=issuer_id, since=now - rules.probes.every)
        )
        followed, local = Followed.of(row), now.astimezone(self._zone)
        quiet = Silence(
            followed.stream.scope,
            followed.rhythm,
            followed.seen.astimezone(self._zone),
            row["began_at"] or now,
            special,
        )
        return Standing(
            silence=silence,
            answers=max(told),
            missing=quiet.missing(local),
            quiet_for=now - row["seen_at"],
            came=came,
            alarm=bool(stream.alarms) or row["silent_since"] is not None,
            raised=row["raised"],
            held=row["window"]
            or in_force.holds(issuer_id, now)
            or in_force.retries_from(issuer_id, now) is not None,
        )

    async def _ask(self, issuer_id: str, reason: Why) -> None:
        """Ask with what there is, the best first, unless another process has."""
        for how in HOWS[reason]:
            if how is How.VOID and await self._void(issuer_id, reason):
                self.counts.voids += 1
                return
            if how is How.ECHO and self._issuers.profile(issuer_id).echo:
                await self._echo(issuer_id, reason)
                return

    async def _void(self, issuer_id: str, reason: Why) -> bool:
        """Let a case that waits ask; False where none waits, or another process has asked."""
        now = self._clock.now()
        async with self._pool.acquire() as connection, connection.transaction():
            waits = await connection.fetchrow(*_SQL["void"](issuer=issuer_id, now=now))
            if waits is None or not await self._claim(
                connection, issuer_id, reason, How.VOID, now, waits["id"]
            ):
                return False
            merchant, case = waits
            await connection.execute(*_SQL["look"](merchant=merchant, case=case, now=now))
        return True

    async def _echo(self, issuer_id: str, reason: Why) -> None:
        now = self._clock.now()
        if not await self._claim(self._pool, issuer_id, reason, How.ECHO, now):
            return
        began = self._clock.monotonic()
        outcome = _OUTCOMES[await self._issuers.probe(issuer_id)]
        took_ms = int((self._clock.monotonic() - began) * 1000)
        setattr(self.counts, outcome, getattr(self.counts, outcome) + 1)
        await self._pool.execute(
            *_SQL["ended"](
                issuer=issuer_id,
                asked_at=now,
                outcome=outcome,
                silent=ProbeOutcome.SILENT,
                took_ms=took_ms,
            )
        )

    async def _claim(
        self,
        connection: Any,
        issuer_id: str,
        reason: Why,
        how: How,
        now: datetime,
        case: Any = None,
    ) -> bool:
        claim = _SQL["claim"](
            issuer=issuer_id,
            now=now,
            before=now - self._rules.probes.every,
            why=reason,
            how=how,
            case=case,
        )
        return bool(await connection.fetchval(*claim))
