"""Seals what comes, and exports the end of the chain once a day."""

from typing import Final

from annul.domain.business_day import Calendar
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops

from .exports import Exports
from .seals import AT_ONCE, Seals

_SEAL_S: Final = 2.0
_BATCHES: Final = 20  # in one turn
_EXPORT_S: Final = 300.0  # between two looks whether a new day has begun


class Sealing:
    """Does so until it is stopped."""

    def __init__(
        self, seals: Seals, exports: Exports, clock: Clock, calendar: Calendar, loops: Loops
    ) -> None:
        self._seals = seals
        self._exports = exports
        self._clock = clock
        self._calendar = calendar
        self._loops = loops
        self._running: list[Loop] = []

    def start(self) -> None:
        """Begin."""
        self._running = [
            self._loops.start("seals", self._seal, first_s=_SEAL_S, every_s=_SEAL_S),
            self._loops.start("seal_export", self._export, first_s=2 * _SEAL_S, every_s=_EXPORT_S),
        ]

    async def stop(self) -> None:
        """End."""
        for loop in self._running:
            await loop.stop()

    async def _seal(self) -> None:
        for _ in range(_BATCHES):
            if await self._seals.seal() < AT_ONCE:
                return

    async def _export(self) -> None:
        now = self._clock.now()
        await self._exports.write(self._calendar.business_date(now), now)
