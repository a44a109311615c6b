"""What a host does beside serving: counts, notices, changed settings, orders that were left."""

from typing import Final

import structlog

from annul.domain.incident import Incident
from annul.issuers import directory
from annul.store.incidents import Ended, closing, open_of, opening
from annul.store.loop import Loop
from annul.store.sql import load

from . import orders
from .host import Host
from .moves import EVERY_S, Moves
from .troubles import EVERY_S as TROUBLES_S

log = structlog.get_logger(__name__)

_FLUSH_S: Final = 5.0
_NOTICES_S: Final = 1.0
_REFERENCE_S: Final = 0.9  # a change is with every host within a second
_ORDERS_S: Final = 5.0
_WATCH_S: Final = 15.0
_KIND: Final = "loop_stands_still"
_SQL: Final = load("annul.host", "upkeep.sql")


class Upkeep:
    """Runs each job again and again until it is stopped. `node` is the number of this process."""

    def __init__(self, host: Host, node: int) -> None:
        self._host = host
        self._node = node
        self._moves = Moves(host)
        self._loops: list[Loop] = []
        self._taken_up = host.registry.version  # of reference data, all of it

    async def start(self) -> None:
        """Begin."""
        await self._host.notices.refresh()
        jobs = (
            ("counts", self._flush, _FLUSH_S),
            ("notices", self._host.notices.refresh, _NOTICES_S),
            ("downtimes", self._host.troubles.refresh, TROUBLES_S),
            ("reference", self._follow_reference, _REFERENCE_S),
            ("wants", self._host.registry.follow_wants, _REFERENCE_S),
            ("orders", self._orders, _ORDERS_S),
            ("watch", self._watch, _WATCH_S),
            ("moves", self._moves.look, EVERY_S),
        )
        self._loops = [
            self._host.loops.start(name, job, first_s=seconds, every_s=seconds)
            for name, job, seconds in jobs
        ]

    async def stop(self) -> None:
        """End, with the counts written down."""
        for loop in self._loops:
            await loop.stop()
        await self._flush()
        await self._host.evidence.close()
        await self._host.notices.close()

    async def _flush(self) -> None:
        await self._host.evidence.flush(self._host.issuers)

    async def _follow_reference(self) -> None:
        """Take up merchants, terminals, issuers and routes that somebody has changed."""
        version = await self._host.pool.fetchval(*_SQL["version"]())
        if self._taken_up != version:
            await self._host.registry.load()
            tables = await directory.read(self._host.pool)
            await self._host.issuers.apply(tables.issuers, tables.bins, tables.dialects)
            self._taken_up = self._host.registry.version
            log.info("reference_data_taken_up", version=version)

    async def _orders(self) -> None:
        await orders.finish(self._host, self._host.clock.now())

    async def _watch(self) -> None:
        """Tell somebody of loops that stand still, and take it back once they come round."""
        host, now = self._host, self._host.clock.now()
        still = {f"{self._node} {late.name}": late for late in host.loops.late()}
        told = [
            Incident.of(_KIND, "", subject, process=self._node, loop=late.name, why=late.why)
            for subject, late in still.items()
        ]
        if told:
            await host.pool.execute(*opening(told, now))
        rows = await host.pool.fetch(*open_of(_KIND))
        ended = [
            Ended(_KIND, "", subject)
            for _, subject in rows
            if subject.startswith(f"{self._node} ") and subject not in still
        ]
        if ended:
            await host.pool.execute(*closing(ended, now))
