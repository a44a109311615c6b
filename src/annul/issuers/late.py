"""Answers that nobody awaits any more, handed to the journal side by side and never dropped."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

import structlog

from annul.domain.backoff import Backoff
from annul.domain.errors import AnnulError
from annul.store.loop import Loop, Loops
from annul.wire.codec import Message

log = structlog.get_logger(__name__)

OnLate = Callable[[str, Message], Awaitable[None]]  # issuer id, the answer


class Hold(Protocol):
    """Stops or resumes the reading from all issuers."""

    def __call__(self, *, hold: bool) -> None:
        """Stop, or go on."""
        ...


_SIDE_BY_SIDE: Final = 64
_IDLE_S: Final = 10.0  # seconds of a turn in which nothing comes
_RETRY: Final = Backoff(first_s=0.1, limit_s=5.0)


class LateAnswers:
    """A queue with a limit that is kept by its source: over it, `hold` stops the reading.

    What was read already when the limit is reached is still taken. Each is delivered for itself and
    tried again when that fails, so that one that has to wait stops no other: what is here is lost
    with the process.
    """

    def __init__(
        self,
        hold: Hold,
        random: Callable[[], float],
        *,
        limit: int = 1_000,
        loops: Loops | None = None,
    ) -> None:
        self._hold = hold
        self._random = random
        self._limit = limit
        self._waiting: deque[tuple[str, Message]] = deque()
        self._holding = False
        self._arrived = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._loops = loops or Loops()
        self._loop: Loop | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_SIDE_BY_SIDE)
        self.delivered = 0
        self.failed = 0

    @property
    def holding(self) -> bool:
        """Say whether the reading is stopped."""
        return self._holding

    def __len__(self) -> int:
        return len(self._waiting) + len(self._under_way)

    def start(self, deliver: OnLate) -> None:
        """Begin to deliver."""
        self._loop = self._loops.start("late_answers", partial(self._turn, deliver))

    def put(self, issuer_id: str, message: Message) -> None:
        """Take an answer; from the limit on nothing more is read from the issuers."""
        self._waiting.append((issuer_id, message))
        self._arrived.set()
        self._empty.clear()
        if len(self) >= self._limit and not self._holding:
            self._holding = True
            self._hold(hold=True)

    async def stop(self, grace_s: float) -> None:
        """Deliver what waits, for at most `grace_s` seconds, and end."""
        if self._loop is None:
            return
        try:
            async with asyncio.timeout(grace_s):
                await self._empty.wait()
        except TimeoutError:
            # Each of them is a transaction that is still being reversed or repeated.
            log.warning("late_answers_not_delivered", count=len(self))
        await self._loop.stop()
        self._loop = None
        ended = list(self._under_way)
        for task in ended:
            task.cancel()
        if ended:
            await asyncio.wait(ended)

    async def _turn(self, deliver: OnLate) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_IDLE_S):
                await self._arrived.wait()
        if not self._waiting:
            return
        await self._room.acquire()
        task = asyncio.create_task(self._delivered(deliver, *self._waiting.popleft()))
        self._under_way.add(task)
        task.add_done_callback(self._settled)
        if not self._waiting:
            self._arrived.clear()

    async def _delivered(self, deliver: OnLate, issuer_id: str, message: Message) -> None:
        failures = 0
        while True:
            try:
                await deliver(issuer_id, message)
            except Exception as error:  # noqa: BLE001 - whatever it was, the answer is kept
                failures += 1
                self.failed += 1
                code = error.code if isinstance(error, AnnulError) else type(error).__name__
                log.warning("late_answer_postponed", issuer=issuer_id, error=code)
                await asyncio.sleep(_RETRY.delay(failures, self._random))
            else:
                self.delivered += 1
                return

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._room.release()
        if not len(self):
            self._empty.set()
        if self._holding and len(self) <= self._limit // 2:
            self._holding = False
            self._hold(hold=False)
