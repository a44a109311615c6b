"""Which terminals this host serves: each is claimed with the first new request that is proven here.

Several hosts share a cell, and a terminal may come to any of them, even with each message. What one
knows of a terminal is true as long as no other has claimed it; the database refuses whatever is
opened on older knowledge. A host that may know too little looks first, which changes nothing and so
may be caused by anybody: all looks that wait share one connection and one statement.
"""

import asyncio
from typing import Final

import asyncpg

from annul.domain.errors import AnnulError
from annul.merchants import working_keys
from annul.merchants.station import Station
from annul.store.batcher import Batcher, StoreUnavailable
from annul.store.clock import Clock

from .strangers import Throttle

_FRESH_S: Final = 1.0  # how old a look may be
_WRONG_MACS: Final = 5  # of one terminal from one address that are looked into, in a window
_WINDOW_S: Final = 1.0


class NotOwner(AnnulError):
    """Another host has claimed the terminal since this one has. Nothing was sent for it here."""

    code = "host.not_owner"
    next_step = "Nothing: the terminal is claimed anew, and its message judged again."


class Owners:
    """Looks terminals up and claims them for host `node`."""

    def __init__(self, pool: asyncpg.Pool, node: int, clock: Clock) -> None:
        self._pool = pool
        self._node = node
        self._clock = clock
        self._looks: Batcher[Station, None] = Batcher(self._look, limit=1_000)
        self._claiming: dict[Station, asyncio.Future[None]] = {}
        self._doubts = Throttle(_WRONG_MACS, _WINDOW_S, clock.monotonic)
        self.claimed = 0

    def is_old(self, station: Station) -> bool:
        """Say whether what is known of a terminal may be older than a look."""
        return station.owner is None and self._clock.monotonic() - station.looked_at > _FRESH_S

    def may_look(self, station: Station, address: str) -> bool:
        """Say whether a MAC that does not hold is looked into: keys may have changed by now."""
        return self._doubts.hit((station, address)) <= _WRONG_MACS

    async def look(self, station: Station) -> None:
        """Bring a terminal to what stands in the database. Raises `StoreUnavailable`."""
        await self._looks.submit(station)

    async def claim(self, station: Station) -> None:
        """Serve a terminal, if this host does not. Raises `StoreUnavailable`."""
        while station.owner is None:
            first = self._claiming.get(station)
            if first is not None:  # of two claims the second would shut out what the first opens
                await asyncio.wait([first])
                continue
            mine = self._claiming[station] = asyncio.get_running_loop().create_future()
            try:
                await working_keys.claim(self._pool, station, self._node)
                self.claimed += 1
            finally:
                del self._claiming[station]
                mine.set_result(None)

    async def check(self, station: Station) -> None:
        """Raise `NotOwner` when another host has claimed what this one had; a loss hides it."""
        if station.owner is None:
            return
        try:
            elsewhere = await working_keys.served_elsewhere(self._pool, station)
        except StoreUnavailable:
            return
        if elsewhere:
            raise NotOwner

    async def _look(self, stations: list[Station]) -> list[None]:
        began = self._clock.monotonic()
        await working_keys.look(self._pool, stations)
        for station in stations:
            station.looked_at = began
        return [None] * len(stations)
