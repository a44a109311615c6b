"""What waits in the database, counted every few seconds: whoever scrapes never waits for it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import asyncpg

from annul.domain.incidents import INCIDENTS
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops
from annul.store.sql import load

_SQL: Final = load("annul.operate.measures", "backlog.sql")
_EVERY_S: Final = 15.0


@dataclass(slots=True)
class Waiting:
    """What waited at the last look; ages in seconds. Every statement is one of a partial index."""

    owed: dict[str, float] = field(default_factory=dict[str, float])  # by kind of message
    owed_oldest_s: float = 0.0
    deliveries: float = 0
    deliveries_oldest_s: float = 0.0
    incidents: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    payouts: dict[str, float] = field(default_factory=dict[str, float])  # by state
    payout_files: float = 0
    payout_files_oldest_s: float = 0.0
    clearing_files: dict[str, float] = field(default_factory=dict[str, float])  # by state
    breaks: float = 0
    breaks_overdue: float = 0
    proofs: float = 0
    orders: float = 0


class Backlog:
    """Looks at what waits until it is stopped; `waiting` is None before the first look."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, loops: Loops) -> None:
        self.waiting: Waiting | None = None
        self._pool = pool
        self._clock = clock
        self._loops = loops
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start("measures", self.look, every_s=_EVERY_S)

    async def stop(self) -> None:
        """End."""
        if self._loop is not None:
            await self._loop.stop()

    async def look(self) -> None:
        """Look once."""
        now = self._clock.now()
        async with self._pool.acquire() as connection:
            owed = await connection.fetch(*_SQL["owed"]())
            [deliveries] = await connection.fetch(*_SQL["deliveries"]())
            incidents = await connection.fetch(*_SQL["incidents"]())
            payouts = await connection.fetch(*_SQL["payouts"]())
            [files] = await connection.fetch(*_SQL["payout_files"]())
            clearing = await connection.fetch(*_SQL["clearing_files"]())
            [breaks] = await connection.fetch(*_SQL["breaks"](now=now))
            proofs = await connection.fetchval(*_SQL["proofs"]())
            orders = await connection.fetchval(*_SQL["orders"]())
        self.waiting = Waiting(
            owed={"reversal": 0, "advice": 0} | _by("kind", owed),
            owed_oldest_s=_age(now, *(row["oldest"] for row in owed)),
            deliveries=deliveries["count"],
            deliveries_oldest_s=_age(now, deliveries["oldest"]),
            incidents={(_severity(row["kind"]), row["kind"]): row["count"] for row in incidents},
            payouts={"held": 0, "ready": 0} | _by("state", payouts),
            payout_files=files["count"],
            payout_files_oldest_s=_age(now, files["oldest"]),
            clearing_files={"loading": 0, "staged": 0} | _by("state", clearing),
            breaks=breaks["count"],
            breaks_overdue=breaks["overdue"],
            proofs=proofs,
            orders=orders,
        )


def _by(column: str, rows: list[Any]) -> dict[str, float]:
    return {row[column]: row["count"] for row in rows}


def _age(now: datetime, *since: datetime | None) -> float:
    return max([(now - one).total_seconds() for one in since if one is not None], default=0.0)


def _severity(kind: str) -> str:
    known = INCIDENTS.get(kind)
    return str(known.severity) if known else "unknown"
