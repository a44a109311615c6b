"""Work that is claimed by lease from a table and done side by side, until it is stopped.

The lease stands in the row: what a worker that has died held is claimed by the next one once its
lease has ended. So nothing of an item is lost with a process, and a worker may end at any moment.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, Generic, Protocol, TypeVar

import structlog

from .batcher import STORE_LOST
from .loop import Loop, Loops

log = structlog.get_logger(__name__)

Item = TypeVar("Item")
_AFTER_S: Final = 1.0


class Trade(Protocol[Item]):
    """What a worker does: where its items come from, and what becomes of them."""

    async def claim(self, room: int, /) -> Sequence[Item]:
        """Lease at most so many items, none without room; do first what each round begins with."""
        ...

    async def work(self, item: Item, /) -> None:
        """Do one. What it raises is logged and counted; `failed` hears of it."""
        ...

    async def failed(self, item: Item, error: BaseException, /) -> None:
        """Give an item back that could not be done, so that it is tried again."""
        ...

    async def rest_s(self) -> float:
        """Give the seconds until the next round, if nobody wakes the worker."""
        ...

    def name(self, item: Item, /) -> str:
        """Name an item in the log."""
        ...


class Worker(Generic[Item]):
    """Does the work of one trade, `concurrency` items side by side. `woken` begins a round."""

    def __init__(
        self,
        name: str,
        trade: Trade[Item],
        loops: Loops,
        woken: asyncio.Event,
        *,
        concurrency: int,
        wakes_at: int | None = None,
        after_s: float = _AFTER_S,
    ) -> None:
        """`wakes_at`: a round begins when one ends and so many are left; None: always."""
        self.failures = 0
        self._name = name
        self._trade = trade
        self._loops = loops
        self._woken = woken
        self._concurrency = concurrency
        self._wakes_at = wakes_at
        self._after_s = after_s
        self._under_way: set[asyncio.Task[None]] = set()
        self._loop: Loop | None = None

    @property
    def name(self) -> str:
        """What it is called, as its loop."""
        return self._name

    @property
    def room(self) -> int:
        """How many more items it can take."""
        return self._concurrency - len(self._under_way)

    @property
    def under_way(self) -> tuple["asyncio.Task[None]", ...]:
        """What it is doing."""
        return tuple(self._under_way)

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start(self._name, self._turn, after_s=self._after_s)

    async def stop(self, grace_s: float) -> None:
        """Claim nothing more and finish what is under way, for at most so long."""
        if self._loop is None:
            return
        await self._loop.stop()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=grace_s)
        for task in self.under_way:
            task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _turn(self) -> None:
        for item in await self._trade.claim(self.room):
            task = asyncio.create_task(self._do(item))
            self._under_way.add(task)
            task.add_done_callback(self._ended)
        rest_s = await self._trade.rest_s()
        with suppress(TimeoutError):
            async with asyncio.timeout(rest_s):
                await self._woken.wait()

    async def _do(self, item: Item) -> None:
        task: Any = asyncio.current_task()
        try:
            await self._trade.work(item)
        except STORE_LOST as error:
            log.warning("work_waits_for_store", worker=self._name, error=type(error).__name__)
            await self._give_back(item, error)
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and task.cancelling():
                raise
            self.failures += 1
            log.exception("work_failed", worker=self._name, item=self._trade.name(item))
            await self._give_back(item, error)

    async def _give_back(self, item: Item, error: BaseException) -> None:
        try:
            await self._trade.failed(item, error)
        except STORE_LOST:
            return  # its lease ends by itself
        except Exception:  # so does it then; but somebody has to see why
            log.exception("not_given_back", worker=self._name, item=self._trade.name(item))

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        if self._wakes_at is None or len(self._under_way) == self._wakes_at:
            self._woken.set()
