"""Raises what annul sees of itself and of its issuers, and closes it once it is over.

Issuers in trouble, open circuits, queues that are long and old, sign-ins that are refused in
number. Any process looks; what two see at once is open once.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from annul.domain.incident import Incident
from annul.operate.trouble import Trouble, issuers_now, trouble_of
from annul.store.clock import Clock
from annul.store.incidents import Ended, closing, open_of, opening
from annul.store.loop import Loop, Loops
from annul.store.sql import load

_SQL: Final = load("annul.operate.incidents", "raising.sql")
_EVERY_S: Final = 2.0
_TRIED_WITHIN: Final = timedelta(minutes=10)
# Of what is wrong with an issuer; that it refuses voids alone is no outage.
_HOW: Final[Mapping[Trouble | None, str]] = {
    Trouble.LINE: "line",
    Trouble.DOWN: "down",
    Trouble.DEGRADED: "degraded",
}
_CONSOLE: Final = "console"
_WEBHOOKS: Final = "webhooks"


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is told: rows that are owed and their age, sign-ins in ten minutes."""

    owed: int = 500
    owed_for: timedelta = timedelta(seconds=60)
    sign_ins: int = 20


class Raising:
    """Looks every two seconds."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: Clock,
        *,
        limits: Limits | None = None,
        loops: Loops | None = None,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._limits = limits or Limits()
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start("raising", self.run, first_s=1.0, every_s=_EVERY_S)

    async def stop(self) -> None:
        """End."""
        if self._loop is not None:
            await self._loop.stop()

    async def run(self) -> None:
        """Look once at all of it."""
        now = self._clock.now()
        looks: tuple[tuple[str, Callable[[datetime], Awaitable[list[Incident]]]], ...] = (
            ("issuer_in_trouble", self._issuers),
            ("circuit_open", self._circuits),
            ("outbox_full", self._owed),
            ("deliveries_full", self._deliveries),
            ("sign_ins_refused", self._refused),
        )
        for kind, look in looks:
            await self._write(kind, await look(now), now)

    async def _write(self, kind: str, seen: Iterable[Incident], now: datetime) -> None:
        """Open what is seen and not open, close what is open and not seen."""
        found = {(one.merchant_id, one.subject): one for one in seen}
        told = {(row[0], row[1]) for row in await self._pool.fetch(*open_of(kind))}
        new = [one for about, one in found.items() if about not in told]
        if new:
            await self._pool.execute(*opening(new, now))
        over = [Ended(kind, *about) for about in told - found.keys()]
        if over:
            await self._pool.execute(*closing(over, now))

    async def _issuers(self, now: datetime) -> list[Incident]:
        rows = [row for row in await issuers_now(self._pool, now) if row["active"]]
        found = {row["issuer_id"]: trouble for row in rows if (trouble := trouble_of(row)) in _HOW}
        return [
            Incident.of("issuer_in_trouble", "", issuer, issuer=issuer, how=_HOW[trouble])
            for issuer, trouble in found.items()
        ]

    async def _circuits(self, _: datetime) -> list[Incident]:
        return [
            Incident.of(
                "circuit_open",
                "",
                row["issuer_id"],
                issuer=row["issuer_id"],
                cases=row["cases"],
                probe_at=row["next_probe_at"].isoformat(),
            )
            for row in await self._pool.fetch(*_SQL["circuits"]())
        ]

    async def _owed(self, now: datetime) -> list[Incident]:
        asked = _SQL["owed"](least=self._limits.owed, before=now - self._limits.owed_for)
        return [
            Incident.of(
                "outbox_full",
                "",
                row["issuer_id"],
                issuer=row["issuer_id"],
                count=row["count"],
                since=row["since"].isoformat(),
            )
            for row in await self._pool.fetch(*asked)
        ]

    async def _deliveries(self, now: datetime) -> list[Incident]:
        row = await self._pool.fetchrow(*_SQL["deliveries"](now=now))
        if row is None or row["count"] < self._limits.owed:
            return []
        if row["since"] > now - self._limits.owed_for:
            return []
        since = row["since"].isoformat()
        return [Incident.of("deliveries_full", "", _WEBHOOKS, count=row["count"], since=since)]

    async def _refused(self, now: datetime) -> list[Incident]:
        row = await self._pool.fetchrow(*_SQL["refused"](since=now - _TRIED_WITHIN))
        if row is None or row["count"] < self._limits.sign_ins:
            return []
        return [
            Incident.of(
                "sign_ins_refused",
                "",
                _CONSOLE,
                count=row["count"],
                names=row["names"],
                addresses=row["addresses"],
            )
        ]
