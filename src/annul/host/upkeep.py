"""What a host does beside serving: write its counts down, read notices and changed settings."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from annul.issuers import directory
from annul.store.batcher import LOST

from .host import Host

log = structlog.get_logger(__name__)

_FLUSH_S: Final = 5.0
_NOTICES_S: Final = 1.0
_REFERENCE_S: Final = 2.0


class Upkeep:
    """Runs each job again and again until it is stopped."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin."""
        await self._host.notices.refresh()
        jobs = (
            (self._flush, _FLUSH_S),
            (self._host.notices.refresh, _NOTICES_S),
            (self._follow_reference, _REFERENCE_S),
        )
        self._tasks = [asyncio.create_task(_every(job, seconds)) for job, seconds in jobs]

    async def stop(self) -> None:
        """End, with the counts written down."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._flush()
        await self._host.evidence.close()
        await self._host.notices.close()

    async def _flush(self) -> None:
        await self._host.evidence.flush(self._host.issuers)

    async def _follow_reference(self) -> None:
        """Take up merchants, terminals, issuers and routes that somebody has changed."""
        version = await self._host.pool.fetchval("SELECT version FROM reference")
        if self._host.registry.version != version:
            await self._host.registry.load()
            tables = await directory.read(self._host.pool)
            await self._host.issuers.apply(tables.issuers, tables.bins)
            log.info("reference_data_taken_up", version=version)


async def _every(job: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await job()
        except LOST:
            log.warning("upkeep_postponed")
        except Exception:
            log.exception("upkeep_failed", job=getattr(job, "__name__", ""))  # the next turn comes
