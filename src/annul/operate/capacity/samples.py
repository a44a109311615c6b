"""What a host process measures of itself and of the database: one row a minute, by a loop.

Counters are read at the end of a minute and taken from those at its begin; nothing here stands in
the way of a transaction.
"""

import asyncio
import resource
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from annul.host.host import Host
from annul.store.clock import Clock
from annul.store.histogram import ANSWERS_S
from annul.store.loop import Loop, Loops
from annul.store.sql import load

from .local_server import LocalServer

SQL: Final = load("annul.operate.capacity", "samples.sql")
EVERY_S: Final = 60.0
_TABLES: Final = 8
_LEAST_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class Lane:
    """One kind of statement of the group commit: statements, rows, and how long each took."""

    statements: int
    rows: int
    seconds: float
    took: tuple[int, ...]

    def since(self, before: "Lane") -> dict[str, Any]:
        """Give what came since an earlier reading, as it is kept."""
        return {
            "statements": self.statements - before.statements,
            "rows": self.rows - before.rows,
            "seconds": round(self.seconds - before.seconds, 6),
            "took": [now - then for now, then in zip(self.took, before.took, strict=True)],
        }


@dataclass(frozen=True, slots=True)
class HostReading:
    """What a host process has counted since its start; times in seconds."""

    cpu_s: float
    lanes: dict[str, Lane]
    answers: tuple[int, ...]

    @property
    def transactions(self) -> int:
        """How many it has written into the journal."""
        return sum(self.lanes[name].rows for name in ("open", "open_undo"))

    @property
    def statements(self) -> int:
        """How many statements its group commit has run."""
        return sum(lane.statements for lane in self.lanes.values())


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters of a host process and of the database at a moment (`monotonic`, seconds)."""

    monotonic: float
    host: HostReading
    database: asyncpg.Record
    db_cpu_s: float | None
    server: LocalServer | None


def read_host(host: Host) -> HostReading:
    """Read what a host process has counted."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    grouped, times = host.journal.figures(), host.journal.times()
    answers = [0] * (len(ANSWERS_S) + 1)
    for histogram in tuple(host.counts.answered.values()):
        answers = [had + came for had, came in zip(answers, histogram.counts, strict=True)]
    return HostReading(
        cpu_s=usage.ru_utime + usage.ru_stime,
        lanes={
            name: Lane(*grouped[name], times[name].sum, tuple(times[name].counts))
            for name in grouped
        },
        answers=tuple(answers),
    )


class Sampler:
    """Writes a row a minute. `node` is the number of this process."""

    def __init__(
        self, host: Host, node: int, clock: Clock, loops: Loops, every_s: float = EVERY_S
    ) -> None:
        self._host = host
        self._node = node
        self._clock = clock
        self._loops = loops
        self._every_s = every_s
        self._loop: Loop | None = None
        self._before: Reading | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start("samples", self.turn, every_s=self._every_s)

    async def stop(self) -> None:
        """End; what a part of a minute has brought is not written."""
        if self._loop is not None:
            await self._loop.stop()

    async def turn(self) -> None:
        """Measure, and keep what came since the last time; the first time there is nothing."""
        before, now = self._before, await self._read()
        self._before = now
        if before is None or before.database["active_s"] > now.database["active_s"]:
            return  # the server has forgotten what it had counted
        await self._host.pool.execute(*SQL["keep"](**self._row(before, now)))

    async def _read(self) -> Reading:
        database = await self._host.pool.fetchrow(*SQL["database"](tables=_TABLES))
        assert database is not None, "the database that is asked"
        server = LocalServer.of(database["backend"])
        cpu_s = await asyncio.to_thread(server.cpu_s) if server else None
        return Reading(self._clock.monotonic(), read_host(self._host), database, cpu_s, server)

    def _row(self, before: Reading, now: Reading) -> dict[str, Any]:
        disk = now.server.disk() if now.server else None
        then, host, database = before.host, now.host, now.database
        measured = before.db_cpu_s is not None and now.db_cpu_s is not None
        return {
            "node": self._node,
            "at": self._clock.now(),
            "seconds": max(now.monotonic - before.monotonic, _LEAST_S),
            "transactions": host.transactions - then.transactions,
            "statements": host.statements - then.statements,
            "cpu_s": host.cpu_s - then.cpu_s,
            "answers": [n - b for n, b in zip(host.answers, then.answers, strict=True)],
            "lanes": {name: lane.since(then.lanes[name]) for name, lane in host.lanes.items()},
            "db_active_s": database["active_s"] - before.database["active_s"],
            "db_cpu_s": max((now.db_cpu_s or 0) - (before.db_cpu_s or 0), 0) if measured else None,
            "db_commits": database["commits"] - before.database["commits"],
            "db_read": database["read"] - before.database["read"],
            "db_hit": database["hit"] - before.database["hit"],
            "db_connections": database["connections"],
            "db_allowed": database["allowed"],
            "db_bytes": database["bytes"],
            "db_tables": database["tables"],
            "disk_free": disk.free if disk else None,
            "disk_total": disk.total if disk else None,
        }
