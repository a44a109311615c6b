"""The real PostgreSQL of a simulation: its backends, and the private loop on which they run.

What PostgreSQL takes from outside (time, chance, new ids) comes from the schema `sim`, which stands
before its own.
"""

import asyncio
import os
import selectors
import signal
from asyncio import events
from collections.abc import Coroutine
from typing import Any, Final

import asyncpg

from annul.store.database import read_json

_WAITS_S: Final = 0.02  # real seconds after which a statement may be waiting for another
_SETTINGS: Final = {
    "application_name": "annul",
    "timezone": "UTC",
    "search_path": "sim, public, pg_catalog",
    "synchronous_commit": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "synchronize_seqscans": "off",
}
SIM_SCHEMA: Final = """
CREATE SCHEMA sim;
CREATE SEQUENCE sim.ids;
CREATE FUNCTION sim.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT pg_catalog.current_setting('sim.now')::timestamptz $$;
CREATE FUNCTION sim.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$ SELECT pg_catalog.current_setting('sim.now')::timestamptz $$;
CREATE FUNCTION sim.gen_random_uuid() RETURNS uuid LANGUAGE sql VOLATILE
    AS $$ SELECT pg_catalog.md5(pg_catalog.nextval('sim.ids')::text)::uuid $$;
CREATE FUNCTION sim.random() RETURNS float8 LANGUAGE sql VOLATILE
    AS $$ SELECT (pg_catalog.hashint8(pg_catalog.nextval('sim.ids')) & 65535) / 65536.0 $$;
GRANT USAGE ON SCHEMA sim TO PUBLIC;
GRANT USAGE ON SEQUENCE sim.ids TO PUBLIC;
"""


class _Patient(selectors.DefaultSelector):
    """Looks at sockets only when there is nothing else to do: half of what a statement costs."""

    def select(self, timeout: float | None = None) -> list[Any]:
        return [] if timeout == 0 else super().select(timeout)


class Server:
    """The backends of one database, and the private loop on which they really run.

    `url` is what stories are served from; `superuser_url` ends and cancels, and puts tables back.
    """

    def __init__(self, url: str, superuser_url: str) -> None:
        self.url = url
        self.superuser_url = superuser_url
        self.real = asyncio.SelectorEventLoop(_Patient())
        self.real.set_exception_handler(lambda *_: None)  # of statements whose client died
        self._free: list[Any] = []
        self._watcher: Any = None
        self._victims: set[asyncio.Task[Any]] = set()
        self.statements = 0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something real to its end, at no virtual cost."""
        outer = events._get_running_loop()
        events._set_running_loop(None)
        try:
            return self.real.run_until_complete(work)
        finally:
            events._set_running_loop(outer)

    def begin(self, work: Coroutine[Any, Any, Any], pid: int) -> "asyncio.Task[Any]":
        """Start a statement and give it back done, or still waiting for another's lock."""
        task = self.real.create_task(work)
        self._run(task, pid)
        return task

    def go_on(self, task: "asyncio.Task[Any]", pid: int) -> bool:
        """See whether what waited has got through; True when it has."""
        if not self._blocked(pid):
            os.kill(pid, signal.SIGCONT)
            self._run(task, pid)
        return task.done()

    def _run(self, task: "asyncio.Task[Any]", pid: int) -> None:
        """Let a statement run until it has ended or waits for another.

        What waits is stopped: of several whose lock is given up at once, which one comes first
        would be decided in real time. So would be who loses in a deadlock: here it is whoever
        closed the circle, at once.
        """
        self._turn(task, _WAITS_S)
        while not task.done():
            if self._blocked(pid):
                if self._deadlocked(pid):
                    self._cancel(task, pid)
                else:
                    os.kill(pid, signal.SIGSTOP)
                return
            self._turn(task, _WAITS_S)

    def error(self, task: "asyncio.Task[Any]") -> BaseException | None:
        """Say how a statement that is done has failed."""
        if task in self._victims:
            self._victims.discard(task)
            return asyncpg.DeadlockDetectedError("deadlock detected")
        return None if task.cancelled() else task.exception()

    def _deadlocked(self, pid: int) -> bool:
        """Say whether this statement waits for itself, by way of others."""
        seen: set[int] = set()
        ahead = self._blockers(pid)
        while ahead:
            one = ahead.pop()
            if one == pid:
                return True
            if one not in seen:
                seen.add(one)
                ahead += self._blockers(one)
        return False

    def _cancel(self, task: "asyncio.Task[Any]", pid: int) -> None:
        """End a statement that waits; its transaction can only be rolled back then."""
        self._victims.add(task)
        self.run(self._ask("SELECT pg_cancel_backend($1)", pid))
        while not task.done():
            self._turn(task, _WAITS_S)

    def backend(self) -> Any:
        """Give a connection that nobody uses."""
        return self._free.pop() if self._free else self.run(self._connect())

    def give_back(self, connection: Any) -> None:
        """Take one back whose statement has ended; an open transaction is undone."""
        self.run(connection.reset())
        self._free.append(connection)

    def throw_away(self, connection: Any) -> None:
        """End one in the middle of a statement: what it was doing is undone."""
        pid = connection.get_server_pid()
        os.kill(pid, signal.SIGCONT)
        connection.terminate()
        self.run(self._gone(pid))

    def close(self) -> None:
        """End them all."""
        for connection in [*self._free, self._watcher]:
            if connection is not None:
                self.run(connection.close())
        self._free.clear()
        self._watcher = None
        self.real.close()

    def _turn(self, task: "asyncio.Task[Any]", seconds: float) -> None:
        """Let the private loop go on until this has ended, or for so long."""
        if task.done():
            return
        waits = True

        def stop(_task: object = None) -> None:
            if waits:  # else it would stop the loop that runs next
                self.real.stop()

        outer = events._get_running_loop()
        events._set_running_loop(None)
        task.add_done_callback(stop)
        timer = self.real.call_later(seconds, stop)
        try:
            self.real.run_forever()
        finally:
            waits = False
            timer.cancel()
            task.remove_done_callback(stop)
            events._set_running_loop(outer)

    def _blocked(self, pid: int) -> bool:
        return bool(self._blockers(pid))

    def _blockers(self, pid: int) -> list[int]:
        # And not what it says it waits for: it says so until it is awake again.
        return self.run(self._ask("SELECT pg_blocking_pids($1)", pid))

    async def _ask(self, query: str, pid: int) -> Any:
        if self._watcher is None:
            self._watcher = await asyncpg.connect(self.superuser_url)
        return await self._watcher.fetchval(query, pid)

    async def _connect(self) -> Any:
        connection = await asyncpg.connect(self.url, server_settings=_SETTINGS)
        await read_json(connection)
        return connection

    async def _gone(self, pid: int) -> None:
        query = "SELECT pg_terminate_backend($1) FROM pg_stat_activity WHERE pid = $1"
        while await self._ask(query, pid):
            await asyncio.sleep(0.001)
