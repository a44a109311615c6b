"""What is expected to break before an issuer's file comes, by what the wire has shown.

Only what stands out is foretold: that an issuer lies without a sign is seen by its file alone.
"""

from typing import Final

import asyncpg

from annul.domain.business_day import Calendar
from annul.domain.kinds import GIVING, TAKING
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops
from annul.store.sql import listed, load

from .ending import agree
from .load import Loader

SQL: Final = load(
    "annul.settle.clearing", "foretell.sql", taking=listed(TAKING), giving=listed(GIVING)
)
_EVERY_S: Final = 60.0
_WITHIN_S: Final = 900.0


class Foretelling:
    """Looks each minute; ends breaks that are over, and tidies up after readings cut off."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        loader: Loader,
        calendar: Calendar,
        clock: Clock,
        loops: Loops | None = None,
    ) -> None:
        self.foretold = 0  # since the start of this process
        self._pool = pool
        self._loader = loader
        self._calendar = calendar
        self._clock = clock
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start(
            "clearing foretold", self._turn, first_s=5.0, every_s=_EVERY_S, within_s=_WITHIN_S
        )

    async def stop(self) -> None:
        """End."""
        if self._loop is not None:
            await self._loop.stop()

    async def _turn(self) -> None:
        await self._loader.tidy(self._clock.now())
        while await agree(self._pool, self._calendar, self._clock.now()):
            pass
        self.foretold += await self.run()

    async def run(self) -> int:
        """Keep what is expected to break; gives how much of it is new."""
        return await self._pool.fetchval(*SQL["foretell"](now=self._clock.now()))
