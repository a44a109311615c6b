"""Group commit: what arrives while a statement is in flight goes into the next one.

One `Batcher` per kind of statement. Each caller awaits its own row's result. A statement that
breaks a rule of the database is repeated row by row, so only the row at fault fails.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from time import perf_counter
from typing import Any, Final, Generic, TypeVar

import asyncpg

from annul.domain.errors import AnnulError

from .histogram import COMMITS_S, ROWS, Histogram


class StoreUnavailable(AnnulError):
    """The database cannot be reached, so nothing was accepted. What was on its way is reversed."""

    code = "store.unavailable"
    next_step = "Check that PostgreSQL is running; annul reconnects by itself."


class StoreOverloaded(AnnulError):
    """More requests wait for the database than it can take. No money has moved."""

    code = "store.overloaded"
    next_step = "Send again; if it stays, look at the database's write latency."


Item = TypeVar("Item")
Result = TypeVar("Result")
_Entry = tuple[Item, asyncio.Future[Result], float]  # with the second in which it came

# Kinds of loss of the connection, or of a server that takes writes; the statement may or may not
# have been committed.
LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that is used while it dies; no server takes writes
    asyncpg.ReadOnlySQLTransactionError,  # the server is a standby by now, or was told to be one
    asyncpg.TooManyConnectionsError,  # of those who left another server all at once
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    ConnectionError,
    TimeoutError,
    OSError,
)
# What passes by itself: it is waited out.
STORE_LOST: Final = (*LOST, StoreUnavailable, StoreOverloaded)


class Batcher(Generic[Item, Result]):
    """Run `statement` over lists of items, one list at a time.

    `statement` gives one result per item, in order. `touches` names the rows that an item changes:
    two items that touch the same row never share a statement, since PostgreSQL would apply only
    one of them. Raises `StoreOverloaded` at once when `max_waiting` items wait already.
    """

    def __init__(
        self,
        statement: Callable[[list[Item]], Awaitable[list[Result]]],
        touches: Callable[[Item], tuple[Hashable, ...]] | None = None,
        *,
        limit: int = 256,
        max_waiting: int = 20_000,
    ) -> None:
        self._statement = statement
        self._touches = touches
        self._limit = limit
        self._max_waiting = max_waiting
        self._waiting: deque[_Entry[Item, Result]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self.rows = Histogram(ROWS)  # of a statement
        self.seconds = Histogram(COMMITS_S)  # from `submit` to the result, of each item

    def submit(self, item: Item) -> asyncio.Future[Result]:
        """Queue one item; the future ends with its result once that is durable."""
        if len(self._waiting) >= self._max_waiting:
            raise StoreOverloaded
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future, perf_counter()))
        if not self._works:
            self._worker = asyncio.create_task(self._work())
        return future

    @property
    def waiting(self) -> int:
        """How many items no statement has taken yet."""
        return len(self._waiting)

    async def drain(self) -> None:
        """Wait until nothing is queued or in flight."""
        while self._works:
            assert self._worker is not None
            await asyncio.wait([self._worker])

    @property
    def _works(self) -> bool:
        return self._worker is not None and not self._worker.done()

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = self._take()
                self.rows.add(len(batch))
                await self._run(batch)
                self._waited(batch)
        finally:
            self._worker = None

    def _waited(self, batch: list[_Entry[Item, Result]]) -> None:
        now, add = perf_counter(), self.seconds.add
        for _, _, since in batch:
            add(now - since)

    def _take(self) -> list[_Entry[Item, Result]]:
        waiting = self._waiting
        if self._touches is None:
            return [waiting.popleft() for _ in range(min(self._limit, len(waiting)))]
        batch: list[_Entry[Item, Result]] = []
        deferred: list[_Entry[Item, Result]] = []
        seen: set[Hashable] = set()
        while waiting and len(batch) < self._limit:
            entry = waiting.popleft()
            touched = self._touches(entry[0])
            if seen.isdisjoint(touched):
                batch.append(entry)
            else:
                deferred.append(entry)
            seen.update(touched)  # also for the deferred, so that order per row is kept
        waiting.extendleft(reversed(deferred))
        return batch

    async def _run(self, batch: list[_Entry[Item, Result]]) -> None:
        try:
            results = await self._statement([item for item, _, _ in batch])
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
            if len(batch) == 1:
                _fail(batch[0][1], error)
                return
            for entry in batch:
                await self._run([entry])
        except Exception as error:  # noqa: BLE001 - each caller gets it; the worker must go on
            for _, future, _ in batch:
                _fail(future, error)
        else:
            for (_, future, _), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
