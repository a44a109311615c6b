"""Sale and void end to end: terminals, host, PostgreSQL and issuer on this machine, durable."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import asyncpg
import uvloop

from annul.app import Ground, ground
from annul.settings import Settings
from annul.sim.demo import DemoPlan, seed
from annul.sim.fleet import drive
from annul.simulation.compare import compare
from annul.store.embedded import EmbeddedPostgres
from bench.lines import SecuredLines
from tests.support.processes import (
    IssuerProcess,
    Process,
    children_of,
    cpu_seconds,
    descendants,
    free_port,
    open_folder,
)

_MICRO: Final = 1e6
# What the database has written, keeps and has committed.
_WRITTEN: Final = """
    SELECT pg_current_wal_lsn() - '0/0' AS wal_bytes,
        pg_database_size(current_database()) AS disk_bytes, xact_commit AS commits
    FROM pg_stat_database WHERE datname = current_database()
"""


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What goes on beside the load: settings of the host, and the going on itself."""

    environment: Mapping[str, str]
    go_on: Callable[[], AbstractAsyncContextManager[None]] = _nothing


Around = Callable[[Ground, tuple[str, str, str], int], Awaitable[Meanwhile]]


async def nobody(_base: Ground, _terminal: tuple[str, str, str], _port: int) -> Meanwhile:
    """Let nothing else go on."""
    return Meanwhile({"ANNUL_CONSOLE": "false"})


def measure(
    terminals: int = 200,
    seconds: float = 15.0,
    around: Around = nobody,
    *,
    tls: bool = False,
    hosts: int = 1,
) -> dict[str, float]:
    """Give transactions per second, latencies, and CPU per transaction of each part.

    `around` is what else goes on meanwhile; with `tls` each terminal comes over TLS 1.3 with a
    certificate of its own; of several `hosts` the CPU is that of all. Raises `AssertionError` when
    the books differ afterwards: a wrong host is not measured.
    """
    with open_folder() as folder:
        return uvloop.run(_measure(folder, terminals, seconds, around, tls=tls, hosts=hosts))


async def _measure(
    folder: Path, terminals: int, seconds: float, around: Around, *, tls: bool, hosts: int
) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        issuer = IssuerProcess.plan(folder, 1)
        stack.push_async_callback(issuer.process.stop)
        await issuer.process.start()
        port = free_port()
        settings = Settings.load(None, data=folder, terminals_port=port)
        lines = SecuredLines(folder) if tls else None
        async with ground(settings) as base:
            plan = DemoPlan((issuer.process.port,), -(-terminals // 10) + 1, 10)
            plan = replace(plan, identity=lines.identity) if lines else plan
            credentials = await seed(base.pool, base.security, plan)
            meanwhile = await around(base, credentials[-1], port)
        environment = {
            "ANNUL_TERMINALS_PORT": str(port),
            "ANNUL_STATUS_PORT": "0",
            **(lines.environment if lines else {}),
            **meanwhile.environment,
        }
        words = ["up", f"--data={folder}", *([f"--hosts={hosts}"] if hosts > 1 else [])]
        host = Process("host", words, port, folder, environment)
        database = EmbeddedPostgres(folder)
        stack.push_async_callback(database.stop)
        stack.push_async_callback(host.stop)
        await host.start()
        await host.greeting()
        postgres = database.pid()
        assert postgres is not None, "the host has started it"
        serving = children_of(host.pid, b"--with-others") or [host.pid]
        meter = _Meter(
            {"host": serving, "issuer": [issuer.process.pid], "terminals": [os.getpid()]}
        )
        meter.families["postgres"] = postgres
        connection = await asyncpg.connect(database.url)
        stack.push_async_callback(connection.close)
        before = await _written(connection)
        async with meanwhile.go_on():
            chosen = credentials[:terminals]
            load, took = await drive(
                port + 1 if lines else port,
                chosen,
                seconds,
                edge=meter.read,
                context=lines.contexts(chosen).__getitem__ if lines else None,
            )
        after = await _written(connection)
        verdict = await compare(connection, await issuer.entries(), [])
        assert verdict.holds, verdict
        assert not load.refused, load.refused
    count = len(load.latencies)
    cuts = quantiles(load.latencies, n=100)
    figures = {
        "tps": count / took,
        "p50_ms": cuts[49] * 1_000,
        "p99_ms": cuts[98] * 1_000,
        "transactions": float(count),
        **{name: (after[name] - before[name]) / count for name in after},
    }
    return figures | {f"{name}_cpu_us": used * _MICRO / count for name, used in meter.used.items()}


async def _written(connection: Any) -> dict[str, float]:
    (row,) = await connection.fetch(_WRITTEN)
    return {name: float(value) for name, value in row.items()}


class _Meter:
    """CPU time of each part between two readings, in seconds."""

    def __init__(self, processes: dict[str, list[int]]) -> None:
        self._processes = processes
        self.families: dict[str, int] = {}
        self.used: dict[str, float] = {}

    def read(self) -> None:
        """Begin to count, or end."""
        now = {name: sum(map(cpu_seconds, pids)) for name, pids in self._processes.items()}
        for name, pid in self.families.items():
            now[name] = sum(cpu_seconds(each) for each in (pid, *descendants(pid)))
        self.used = {name: value - self.used.get(name, 0.0) for name, value in now.items()}
