"""A circuit per issuer: open after some failures in a row, then one probe at a time."""

from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from annul.store.sql import load

from .pace import Pace

_SQL: Final = load("annul.resolve", "circuits.sql")
_FAILURES: Final = 3
_SPREAD_S: Final = 5.0


class Circuits:
    """What keeps the resolver from trying an issuer that is known to be down."""

    def __init__(self, pool: asyncpg.Pool, pace: Pace) -> None:
        self._pool = pool
        self._pace = pace
        self._open: dict[str, datetime] = {}

    async def refresh(self) -> None:
        """Read which circuits are open, in whichever process they were opened."""
        rows = await self._pool.fetch(*_SQL["read"]())
        self._open = {row["issuer_id"]: row["next_probe_at"] for row in rows}

    def probe_at(self, issuer_id: str, now: datetime) -> datetime | None:
        """Say when an issuer may be probed next; None when nothing keeps anybody from trying."""
        due = self._open.get(issuer_id)
        return due if due is not None and due > now else None

    async def may_try(self, issuer_id: str, now: datetime) -> bool:
        """Say whether to try now: the circuit is closed, or this is the one probe."""
        if issuer_id not in self._open:
            return True
        later = now + self._pace.seconds(self._pace.probe.limit_s / 10)
        self._open[issuer_id] = later
        probe = _SQL["probe"](issuer=issuer_id, now=now, next_probe_at=later)
        return bool(await self._pool.fetchval(*probe))

    async def failed(self, issuer_id: str, now: datetime, failures: int, random: float) -> None:
        """Count a failure; `failures` in a row so far decide how long to wait."""
        wait = self._pace.probe.delay(max(failures, 1), lambda: random)
        due = now + self._pace.seconds(wait)
        failed = _SQL["failed"](issuer=issuer_id, opens_from=_FAILURES, next_probe_at=due)
        row = await self._pool.fetchrow(*failed)
        if row is not None and row["open"]:
            self._open[issuer_id] = row["next_probe_at"]

    async def worked(self, issuer_id: str, now: datetime) -> None:
        """Close the circuit and let what waited go on."""
        self._open.pop(issuer_id, None)
        if await self._pool.fetchval(*_SQL["worked"](issuer=issuer_id)):
            spread = self._pace.seconds(_SPREAD_S).total_seconds()
            soon = now + timedelta(milliseconds=1)
            await self._pool.execute(*_SQL["release"](issuer=issuer_id, now=soon, spread_s=spread))


async def reset(connection: Any, issuer_id: str, now: datetime) -> int:
    """Close a circuit because people say so, and let all that waits go on; gives how many."""
    await connection.fetchval(*_SQL["worked"](issuer=issuer_id))
    released = _SQL["release"](issuer=issuer_id, now=now, spread_s=_SPREAD_S)
    return int((await connection.execute(*released)).rpartition(" ")[2])
