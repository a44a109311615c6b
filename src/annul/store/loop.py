"""Loops that can not end unseen: what one raises is logged, counted, waited out, and tried again.

A loop ends when it is stopped, and in no other way. Who asks `Loops.late` hears which of them have
not come round in time, whether they hang or fail at every turn.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, NamedTuple

import structlog

from .batcher import STORE_LOST
from .clock import Clock, SystemClock

log = structlog.get_logger(__name__)

WITHIN_S: Final = 60.0  # seconds a turn may take before somebody is told
_AFTER_S: Final = 1.0  # seconds of rest after a turn that failed


class LateLoop(NamedTuple):
    """A loop that has not come round in time: since how long, and why its last turn failed."""

    name: str
    since_s: float
    why: str


class Loop:
    """One of them. `turns` and `failures` count; `why` says how the last turn failed, if it did."""

    def __init__(
        self,
        name: str,
        turn: Callable[[], Awaitable[None]],
        clock: Clock,
        *,
        every_s: float,
        first_s: float,
        after_s: float,
        within_s: float,
    ) -> None:
        self.name = name
        self.turns = 0
        self.failures = 0
        self.why = ""
        self._turn = turn
        self._clock = clock
        self._every_s = every_s
        self._after_s = after_s
        self._within_s = within_s + every_s
        self._round_at = clock.monotonic() + first_s
        self.stopped = False
        self._task = self._begun(first_s)

    @property
    def since_s(self) -> float:
        """Seconds since it last came round; before its first turn is due, less than zero."""
        return self._clock.monotonic() - self._round_at

    @property
    def late_s(self) -> float:
        """Seconds since it last came round, 0 while that is within its time."""
        since = self.since_s
        return since if since > self._within_s and not self.stopped else 0.0

    def cancel(self) -> None:
        """End it, in the middle of a turn as well."""
        self.stopped = True
        self._task.cancel()

    async def stop(self) -> None:
        """End it and wait until it has ended."""
        self.cancel()
        await asyncio.wait([self._task])

    def _begun(self, first_s: float) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._forever(first_s), name=self.name)
        task.add_done_callback(self._ended)
        return task

    async def _forever(self, first_s: float) -> None:
        task = asyncio.current_task()
        assert task is not None, "it runs in a task of its own"
        rest = first_s
        while not self.stopped:  # a turn may hide that it was cancelled behind another error
            await asyncio.sleep(rest)
            try:
                await self._turn()
            except STORE_LOST as error:
                self._failed(error)
                log.warning("loop_waits_for_store", loop=self.name, error=type(error).__name__)
                rest = self._after_s
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and task.cancelling():
                    raise
                # A fault of ours, or something within it was cancelled: the next turn comes.
                self._failed(error)
                log.exception("loop_failed", loop=self.name)
                rest = self._after_s
            else:
                self.turns += 1
                self.why = ""
                self._round_at = self._clock.monotonic()
                rest = self._every_s

    def _failed(self, error: BaseException) -> None:
        self.failures += 1
        self.why = type(error).__name__

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Begin anew what somebody has cancelled who was not to, or what nothing could hold."""
        if self.stopped:
            return
        self.why = "cancelled" if task.cancelled() else type(task.exception()).__name__
        self.failures += 1
        log.error("loop_ended", loop=self.name, why=self.why)
        self._task = self._begun(self._after_s)


class Loops:
    """All loops of a process, or of one of its parts."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._loops: list[Loop] = []

    def start(
        self,
        name: str,
        turn: Callable[[], Awaitable[None]],
        *,
        every_s: float = 0.0,
        first_s: float = 0.0,
        after_s: float = _AFTER_S,
        within_s: float = WITHIN_S,
    ) -> Loop:
        """Run `turn` again and again, after `first_s`, with `every_s` between two turns."""
        loop = Loop(
            name,
            turn,
            self._clock,
            every_s=every_s,
            first_s=first_s,
            after_s=after_s,
            within_s=within_s,
        )
        self._loops = [one for one in self._loops if not one.stopped] + [loop]
        return loop

    def __iter__(self) -> Iterator[Loop]:
        return iter(tuple(self._loops))

    def late(self) -> list[LateLoop]:
        """Name those that have not come round in time."""
        return [LateLoop(loop.name, loop.late_s, loop.why) for loop in self._loops if loop.late_s]
