"""A leased turn: deadlines that have passed move chargebacks on, or are told, as near ones are."""

from datetime import timedelta
from typing import Any, Final

import asyncpg

from annul.domain.business_day import Calendar
from annul.domain.chargebacks import OURS, RULED, TIMED, Act
from annul.store.clock import Clock
from annul.store.incidents import OPEN_RAISED
from annul.store.loop import Loop, Loops
from annul.store.sql import listed, load

from . import acting
from .book import CLOCK, DUE, Doing, locked
from .book import SQL as BOOK
from .errors import NotNext, OriginalMoving
from .rules import ChargebackRules

SQL: Final = load(
    "annul.settle.chargebacks",
    "turns.sql",
    timed=listed(TIMED),
    ours=listed(OURS),
    ruled=listed(RULED),
    open_raised=OPEN_RAISED,
)
LOOP: Final = "chargebacks"
_EVERY_S: Final = 60.0
_WITHIN_S: Final = 600.0
_AT_ONCE: Final = 200


class Turns:
    """Looks each minute; any host does. Of two at once one moves each, the other finds it moved."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        rules: ChargebackRules,
        calendar: Calendar,
        clock: Clock,
        loops: Loops | None = None,
    ) -> None:
        self._pool = pool
        self._rules = rules
        self._calendar = calendar
        self._clock = clock
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start(
            LOOP, self._turn, first_s=10.0, every_s=_EVERY_S, within_s=_WITHIN_S
        )

    async def stop(self) -> None:
        """End."""
        if self._loop is not None:
            await self._loop.stop()

    async def _turn(self) -> None:
        while await self.run() == _AT_ONCE:
            pass

    async def run(self) -> int:
        """Move on what is late, tell what is near; gives how many were moved."""
        now = self._clock.now()
        rows = await self._pool.fetch(*SQL["late"](now=now, limit=_AT_ONCE))
        moved = sum([await self._expire(row["id"]) for row in rows])
        await self._tell()
        await self._pool.execute(*SQL["unruled"](now=now, limit=_AT_ONCE))
        return moved

    async def _expire(self, identity: Any) -> bool:
        """Move one on as the table says; False where somebody was faster."""
        now = self._clock.now()
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                one = await locked(connection, identity)
                late = one.due_at is not None and one.due_at <= now
                if one.stage not in TIMED or one.asked or not late:
                    return False
                doing = Doing(CLOCK, "", now)
                await acting.act(connection, self._calendar, self._rules, one, Act.EXPIRE, doing)
        except (NotNext, OriginalMoving):
            return False
        return True

    async def _tell(self) -> None:
        now = self._clock.now()
        until = now + timedelta(days=self._rules.warn_days)
        async with self._pool.acquire() as connection, connection.transaction():
            for row in await connection.fetch(*SQL["soon"](now=now, until=until, limit=_AT_ONCE)):
                key = {"merchant": row["merchant_id"], "id": row["id"]}
                await connection.execute(*BOOK["told"](**key, event=DUE, now=now))
