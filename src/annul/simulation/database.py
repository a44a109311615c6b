"""PostgreSQL in the simulation: the real one, one statement at a time, at a virtual moment.

A statement runs to its end within one step of the virtual loop, after a delay and before another:
between the two its process may die, and then the statement was or was not run. It may freeze as
well: what it has sent is run, and the answer waits. One that has to wait for a row keeps its
backend busy while others go on, as it would.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Sequence
from contextvars import Context
from datetime import timedelta
from random import Random
from typing import Any, Final, Self

import asyncpg

from annul.store.servers import KEPT_ALIVE

from .coverage import Coverage
from .postgres import Server
from .virtual import Process, VirtualLoop, current

_POOL: Final = 20
_NOBODY: Final = Context()
_IDLE: Final = "idle_in_transaction_session_timeout"
_CLOCKS: Final = ("now()", "clock_timestamp()")


class Database:
    """The database of one story: when statements run, and when it is away.

    `said` is told of each statement: when it has run, by whom, its text and whether it failed.
    """

    def __init__(
        self, server: Server, loop: VirtualLoop, random: Random, disk_s: float = 0.002
    ) -> None:
        self.server = server
        self.disk_s = disk_s
        self.loop = loop
        self.random = random
        self.away = False
        self.ahead = timedelta()  # how far its clock is off
        self.said: Callable[[str, str, Sequence[Any], object], None] = lambda *_: None
        self.coverage = Coverage()
        self._parked: list[tuple[SimulatedConnection, asyncio.Task[Any], asyncio.Future[None]]] = []
        self._connections: list[SimulatedConnection] = []

    def pool(self) -> "Pool":
        """Give a pool to the process that runs; it ends with it."""
        return Pool(self, current())

    def restart(self) -> None:
        """Lose every connection, as when the server crashes."""
        for connection in list(self._connections):
            connection.lose()

    def end(self) -> None:
        """Be there no more."""
        self.away = True
        self.restart()

    async def run(
        self,
        connection: "SimulatedConnection",
        sql: str,
        work: Callable[[], Any],
        args: Sequence[Any] = (),
    ) -> Any:
        """Run one statement of a connection between two delays."""
        process = current()
        who = process.name if process else ""
        place = self.coverage.begins(connection, who, sql)
        if process is not None:
            process.comes_to(place)
            if process.frozen:
                await asyncio.sleep(0)  # it is sent when the process has thawed
        try:
            there = self._run(connection, process, sql, work, args)
            return await self.loop.create_task(there, context=_NOBODY.copy())
        finally:
            self.coverage.ends(connection, who)

    async def _run(
        self,
        connection: "SimulatedConnection",
        process: Process | None,
        sql: str,
        work: Callable[[], Any],
        args: Sequence[Any],
    ) -> Any:
        """Run it where the server is: whoever has sent it may die or freeze meanwhile."""
        who = process.name if process else ""
        await self._on_its_way(connection, process)
        real = connection.real
        if any(word in sql for word in _CLOCKS):
            stamp = f"SET sim.now = '{(self.loop.now() + self.ahead).isoformat()}'"
            self.server.run(real.execute(stamp))
        task = self.server.begin(work(), real.get_server_pid())
        self.server.statements += 1
        if not task.done():
            woken = self.loop.create_future()
            entry = (connection, task, woken)
            self._parked.append(entry)
            try:
                await woken
            except BaseException:
                connection.lose()
                raise
        error = self.server.error(task)
        self.said(who, sql, args, error)
        place = self.coverage.has_run(who, sql)
        if process is not None:
            process.comes_to(place)
        self._wake_parked()
        await self._on_its_way(connection, process)
        if error is not None:
            raise error
        return task.result()

    async def _on_its_way(self, connection: "SimulatedConnection", process: Process | None) -> None:
        await asyncio.sleep(self.random.uniform(0.0001, self.disk_s))
        if process is not None:
            process.step()
        if self.away or connection.lost:
            connection.lose()
            message = "connection was closed in the middle of operation"
            raise asyncpg.ConnectionDoesNotExistError(message)

    def opened(self, connection: "SimulatedConnection") -> None:
        """Know of a connection."""
        self._connections.append(connection)

    def stands_still(self, process: Process, connections: Sequence["SimulatedConnection"]) -> None:
        """Let the server end what a frozen process leaves in the middle of a transaction."""

        def end() -> None:
            for connection in connections:
                if process.frozen and connection.in_block and not self.waits(connection):
                    connection.lose()

        idle_s = float(KEPT_ALIVE.get(_IDLE, "0").rstrip("s"))
        if idle_s:
            self.loop.call_later(idle_s, end, context=_NOBODY)

    def waits(self, connection: "SimulatedConnection") -> bool:
        """Say whether its statement waits for another's lock."""
        return any(entry[0] is connection for entry in self._parked)

    def closed(self, connection: "SimulatedConnection") -> None:
        """Forget one, and what it waited for."""
        if connection in self._connections:
            self._connections.remove(connection)
        self._parked = [entry for entry in self._parked if entry[0] is not connection]
        self._wake_parked()

    def _wake_parked(self) -> None:
        """Let those go on whose lock has been given up, in the order in which they came."""
        for entry in list(self._parked):
            connection, task, woken = entry
            if entry in self._parked and self.server.go_on(task, connection.real.get_server_pid()):
                self._parked.remove(entry)
                self.loop.call_soon(_wake, woken, context=_NOBODY)


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


async def _each(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


class SimulatedConnection:
    """One connection as annul's code uses it."""

    def __init__(
        self, database: Database, on_loss: "Callable[[SimulatedConnection], None]"
    ) -> None:
        self._database = database
        self._on_loss = on_loss
        self.real: Any = database.server.backend()
        self.lost = False
        self.in_block = False
        database.opened(self)

    async def fetch(self, sql: str, *args: Any, timeout: float | None = None) -> Any:
        del timeout
        return await self._database.run(self, sql, lambda: self.real.fetch(sql, *args), args)

    async def fetchrow(self, sql: str, *args: Any, timeout: float | None = None) -> Any:
        del timeout
        return await self._database.run(self, sql, lambda: self.real.fetchrow(sql, *args), args)

    async def fetchval(self, sql: str, *args: Any, timeout: float | None = None) -> Any:
        del timeout
        return await self._database.run(self, sql, lambda: self.real.fetchval(sql, *args), args)

    async def execute(self, sql: str, *args: Any, timeout: float | None = None) -> Any:
        del timeout
        return await self._database.run(self, sql, lambda: self.real.execute(sql, *args), args)

    async def executemany(self, sql: str, args: Any, timeout: float | None = None) -> Any:
        del timeout
        return await self._database.run(self, sql, lambda: self.real.executemany(sql, args), args)

    async def copy_records_to_table(
        self, table: str, *, records: Any, columns: Sequence[str]
    ) -> Any:
        rows = list(records)

        def work() -> Any:
            return self.real.copy_records_to_table(table, records=rows, columns=columns)

        return await self._database.run(self, f"COPY {table}", work)

    async def copy_to_table(self, table: str, *, source: AsyncIterable[bytes], **form: Any) -> Any:
        parts = [part async for part in source]  # where the process is, not the server

        def work() -> Any:
            return self.real.copy_to_table(table, source=_each(parts), **form)

        return await self._database.run(self, f"COPY {table}", work)

    def transaction(self, **options: Any) -> "Block":
        """Give a block of statements that are committed together."""
        return Block(self._database, self, options)

    def is_closed(self) -> bool:
        return self.lost

    def terminate(self) -> None:
        self.lose()

    async def close(self, timeout: float | None = None) -> None:
        del timeout
        self.lose()

    def lose(self) -> None:
        """Lose it: an open block is undone, and others get its backend if it does nothing."""
        if self.lost:
            return
        self.lost = True
        if self._database.waits(self):
            self._database.server.throw_away(self.real)
        else:
            self._database.server.give_back(self.real)
        self._database.closed(self)
        self._on_loss(self)


class Block:
    """A transaction block, started by `start` or `async with`."""

    def __init__(
        self, database: Database, connection: SimulatedConnection, options: dict[str, Any]
    ) -> None:
        self._database = database
        self._connection = connection
        self._real = connection.real.transaction(**options)

    async def start(self) -> None:
        self._connection.in_block = True
        await self._database.run(self._connection, "BEGIN", self._real.start)

    async def commit(self) -> None:
        await self._database.run(self._connection, "COMMIT", self._real.commit)
        self._connection.in_block = False

    async def rollback(self) -> None:
        await self._database.run(self._connection, "ROLLBACK", self._real.rollback)
        self._connection.in_block = False

    async def __aenter__(self) -> None:
        await self.start()

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            await self.commit()
        elif not self._connection.lost:
            await self.rollback()


class _Acquiring:
    """What `acquire` gives: to be awaited, or entered."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._connection: SimulatedConnection | None = None

    def __await__(self) -> Generator[Any, None, SimulatedConnection]:
        return self._pool.take().__await__()

    async def __aenter__(self) -> SimulatedConnection:
        self._connection = await self._pool.take()
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        assert self._connection is not None
        await self._pool.release(self._connection)


class Pool:
    """A pool of one process. As in asyncpg, a connection that is lost leaves its place at once."""

    def __init__(self, database: Database, process: Process | None) -> None:
        self._database = database
        self._idle: list[SimulatedConnection] = []
        self._taken: list[SimulatedConnection] = []
        self._room = asyncio.Semaphore(_POOL)
        if process is not None:
            process.on_death.append(self._end)
            process.on_freeze.append(lambda: database.stands_still(process, self._taken[:]))

    def acquire(self, timeout: float | None = None) -> _Acquiring:
        del timeout
        return _Acquiring(self)

    async def take(self) -> SimulatedConnection:
        await self._room.acquire()
        try:
            connection = self._idle.pop() if self._idle else await self._connect()
        except BaseException:
            self._room.release()
            raise
        self._taken.append(connection)
        return connection

    async def _connect(self) -> SimulatedConnection:
        await asyncio.sleep(0.001)
        if self._database.away:
            raise ConnectionRefusedError(111, "SimulatedConnection refused")
        return SimulatedConnection(self._database, self._forget)

    async def expire_connections(self) -> None:
        """Have nothing rest that may be dead; here the server never freezes."""

    async def release(self, connection: SimulatedConnection, timeout: float | None = None) -> None:
        del timeout
        if connection in self._taken:
            self._taken.remove(connection)
            self._idle.append(connection)
            self._room.release()

    def _forget(self, connection: SimulatedConnection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        elif connection in self._taken:
            self._taken.remove(connection)
            self._room.release()

    async def fetch(self, sql: str, *args: Any, timeout: float | None = None) -> Any:
        async with self.acquire(timeout) as connection:
            return await connection.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: Any, timeout: float | None = None) -> Any:
        async with self.acquire(timeout) as connection:
            return await connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any, timeout: float | None = None) -> Any:
        async with self.acquire(timeout) as connection:
            return await connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any, timeout: float | None = None) -> Any:
        async with self.acquire(timeout) as connection:
            return await connection.execute(sql, *args)

    async def executemany(self, sql: str, args: Any, timeout: float | None = None) -> Any:
        async with self.acquire(timeout) as connection:
            return await connection.executemany(sql, args)

    async def close(self) -> None:
        """Give every backend back."""
        self._end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _end(self) -> None:
        for connection in [*self._taken, *self._idle]:
            connection.lose()
