"""Which cases have changed, told to many who watch: one query a second, however many they are."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Final

import asyncpg
import structlog

from annul.store.batcher import STORE_LOST
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops
from annul.store.sql import load

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.desk", "feed.sql")
_POLL_S: Final = 1.0
_OVERLAP: Final = timedelta(seconds=5)  # commits become visible later than their time says
_LOOK_S: Final = 5.0  # after which `changes` gives an empty list, so that who follows may look
_KEPT: Final = 1_000  # changes that a watcher may be behind

Change = dict[str, Any]
Watcher = Callable[[list[Change]], None]


class Feed:
    """Polls for changed cases while somebody watches, and calls each watcher with the new ones.

    `first` is called before them, so that nobody shows what was built before the change.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: Clock,
        loops: Loops | None = None,
        first: Callable[[], None] = lambda: None,
        others: Sequence[asyncpg.Pool] = (),
    ) -> None:
        self._pool = pool
        self._others = others  # of other cells
        self._clock = clock
        self._first = first
        self.ended = False  # whoever waits for something should wait no more
        self._watchers: set[Watcher] = set()
        self._streams: set[Watcher] = set()  # those of them that belong to `changes`
        self._seen: dict[tuple[str, str], int] = {}  # case to its number of events
        self._since = clock.now()
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start("feed", self._turn, first_s=_POLL_S, every_s=_POLL_S)

    async def stop(self) -> None:
        """End, and with it what `changes` gives."""
        self.ended = True
        for put in tuple(self._streams):
            put([])
        if self._loop is not None:
            await self._loop.stop()

    @contextmanager
    def watched(self, watcher: Watcher) -> Any:
        """Call `watcher` from the event loop, until the block ends."""
        self._watchers.add(watcher)
        try:
            yield
        finally:
            self._watchers.discard(watcher)

    @property
    def watching(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Do the same without a block; gives what ends it."""
        self._watchers.add(watcher)
        return lambda: self._watchers.discard(watcher)

    async def changes(self) -> AsyncIterator[list[Change]]:
        """Give changes as they come, an empty list at once and every few seconds.

        The first one says that nothing is missed from now on; a watcher too slow loses some.
        """
        queue: asyncio.Queue[list[Change]] = asyncio.Queue(_KEPT)

        def put(changes: list[Change]) -> None:
            if not queue.full():
                queue.put_nowait(changes)

        self._streams.add(put)
        try:
            with self.watched(put):
                yield []
                while not self.ended:
                    try:
                        async with asyncio.timeout(_LOOK_S):
                            yield await queue.get()
                    except TimeoutError:
                        yield []
        finally:
            self._streams.discard(put)

    async def _turn(self) -> None:
        if not self._watchers:
            self._since = self._clock.now()
            return
        changes = await self._new()
        if changes:
            self._first()
        for watcher in tuple(self._watchers) if changes else ():
            try:
                watcher(changes)
            except Exception:  # it is the others' feed too
                log.exception("watcher_failed")

    async def _new(self) -> list[Change]:
        now = self._clock.now()
        changed = _SQL["changed"](since=self._since - _OVERLAP)
        rows = await self._pool.fetch(*changed)
        for pool in self._others:
            with suppress(*STORE_LOST):
                rows += await pool.fetch(*changed)
        self._since = now
        found: list[Change] = []
        seen: dict[tuple[str, str], int] = {}
        for row in rows:
            key = (row["merchant_id"], str(row["id"]))
            seen[key] = row["events"]
            if self._seen.get(key) != row["events"]:
                found.append({**dict(row), "id": str(row["id"])})
        self._seen = seen
        return found
