"""What the model of capacity predicts, beside what is measured in the same run.

The model knows only what a host measures of itself in calm steps. Then the most is measured
(terminals that ask again at once) and the slowest hundredth at shares of it (messages that come by
chance), and both are told beside what was predicted for the same rate. Issuer and terminals run
on the same machine, so what they compute is a part of the model here.
"""

import asyncio
import json
import os
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import quantiles
from time import perf_counter
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import uvloop

from annul.app import ground
from annul.domain.business_day import Calendar
from annul.operate.capacity.carries import carried, parts_of
from annul.operate.capacity.gathering import gather
from annul.operate.capacity.queue import at_most, at_rate
from annul.operate.capacity.told import Parts, Predicted
from annul.settings import Settings
from annul.sim.demo import DemoPlan, seed
from annul.sim.fleet import Step, drive, offer
from annul.simulation.compare import compare
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from tests.support.processes import IssuerProcess, Process, cpu_seconds, free_port, open_folder

# Calm steps, rates a second. In the first ones many come together, so that what a statement costs
# is told from what a row does; waits are those of the others.
TOGETHER: Final = ((60.0, 20), (120.0, 40), (200.0, 10))
CALM: Final = (40.0, 120.0, 200.0)
SHARES: Final = (0.3, 0.6, 0.9)
_EVERY_S: Final = 1.0
_WARM_S: Final = 2.0
_FLUSHED_S: Final = 7.0  # until a host has written how long issuers took, and a sample
# As if it had just been done: hosts work it out by themselves, and would in the middle of a step.
_WORKED_OUT: Final = "INSERT INTO capacity_reports (at, report) VALUES (now(), '{}')"
_TERMINALS: Final = 200
_STEPS: Final = len(TOGETHER) + len(CALM)

Figures = dict[str, dict[str, float]]


def measure(calm_s: float = 12.0, most_s: float = 12.0, step_s: float = 20.0) -> Figures:
    """Give `predicted`, `measured` and `error` of the most and of the p99 at each share of it."""
    with open_folder() as folder:
        return uvloop.run(_measure(folder, calm_s, most_s, step_s))


async def _measure(folder: Path, calm_s: float, most_s: float, step_s: float) -> Figures:
    async with AsyncExitStack() as stack:
        issuer = IssuerProcess.plan(folder, 1)
        stack.push_async_callback(issuer.process.stop)
        await issuer.process.start()
        port = free_port()
        settings = Settings.load(None, data=folder, terminals_port=port)
        async with ground(settings) as base:
            plan = DemoPlan((issuer.process.port,), _TERMINALS // 10 + 1, 10)
            await base.pool.execute(_WORKED_OUT)
            credentials = (await seed(base.pool, base.security, plan))[:_TERMINALS]
        environment = {
            "ANNUL_TERMINALS_PORT": str(port),
            "ANNUL_STATUS_PORT": "0",
            "ANNUL_CONSOLE": "false",
            "ANNUL_CAPACITY_EVERY_S": str(_EVERY_S),
        }
        host = Process("host", ["up", f"--data={folder}"], port, folder, environment)
        database = EmbeddedPostgres(folder)
        stack.push_async_callback(database.stop)
        stack.push_async_callback(host.stop)
        await host.start()
        await host.greeting()
        pool = await connect(database.url, size=2)
        stack.push_async_callback(pool.close)
        parts = await _parts(pool, port, credentials, issuer.process.pid, calm_s)
        found = await _beside(parts, port, credentials, most_s, step_s)
        connection = await asyncpg.connect(database.url)
        stack.push_async_callback(connection.close)
        verdict = await compare(connection, await issuer.entries(), [])
        assert verdict.holds, verdict
    return found


async def _parts(
    pool: asyncpg.Pool,
    port: int,
    credentials: list[tuple[str, str, str]],
    issuer: int,
    calm_s: float,
) -> Parts:
    """Let calm steps go by, and put the model together from what the host has measured."""
    used: list[tuple[float, float]] = []  # of issuer and terminals
    machine: list[tuple[float, float]] = []  # seconds, and cores in use times seconds

    def edge(_: int) -> None:
        used.append((cpu_seconds(issuer), cpu_seconds(os.getpid())))
        machine.append((perf_counter(), _busy()))

    steps = [
        Step(CALM[0], _WARM_S),
        *(Step(rate, calm_s, together) for rate, together in TOGETHER),
        *(Step(rate, calm_s) for rate in CALM),
    ]
    loads = await offer(port, credentials, steps, edge, Random(1))
    count = sum(len(load.latencies) for load in loads[1:])
    issuer_s, terminals_s = (last - first for first, last in zip(used[1], used[-1], strict=True))
    await asyncio.sleep(_FLUSHED_S)
    every, calm = (timedelta(seconds=calm_s * count + _FLUSHED_S) for count in (_STEPS, len(CALM)))
    calendar = Calendar(ZoneInfo("Asia/Shanghai"), Settings.model_fields["cut_over"].default)
    spans = timedelta(seconds=2 * _EVERY_S)
    now = datetime.now(UTC)
    measured = await gather(pool, calendar, now, over=every, width=spans)
    quiet = await gather(pool, calendar, now, over=calm, width=spans)
    waits = {"lanes": quiet.lanes, "issuers": quiet.issuers}
    parts = parts_of(carried(measured).model_copy(update=waits))
    seconds, busy = (last - first for first, last in zip(machine[1], machine[-1], strict=True))
    ours = sum((one.cpu_s + (one.db_cpu_s or 0)) / one.seconds for one in measured.loads)
    ours = ours / len(measured.loads) + (issuer_s + terminals_s) / seconds
    more: dict[str, Any] = {
        "issuer_cpu": issuer_s / count,
        "terminals_cpu": terminals_s / count,
        "others": max(busy / seconds - ours, 0.0),
    }
    parts = parts.model_copy(update=more)
    print(json.dumps(_told(parts)))
    for rate, load in zip(CALM, loads[-len(CALM) :], strict=True):
        again = at_rate(parts, rate)
        cuts = quantiles(load.latencies, n=100)
        print(
            f"calm {rate:.0f}: p50 {cuts[49] * 1000:.1f} ms, of the model {again.p50_ms:.1f};"
            f" p99 {cuts[98] * 1000:.1f}, {again.p99_ms:.1f}"
        )
    return parts


def _busy() -> float:
    """Give the seconds that the machine's cores were in use since its start, waits left out."""
    parts = [int(one) for one in Path("/proc/stat").read_text().partition("\n")[0].split()[1:]]
    idle = parts[3] + parts[4]
    return (sum(parts[:8]) - idle) / os.sysconf("SC_CLK_TCK")


def _told(parts: Parts) -> dict[str, float]:
    """Give the parts in microseconds, for whoever reads the log."""
    names = (
        *("host_fixed", "host_transaction", "host_statement", "database_fixed", "row"),
        *("statement", "issuer_cpu", "terminals_cpu", "others"),
    )
    waits = {name: part.waits.share(0.5) or 0.0 for name, part in parts.lanes.items()}
    shown = {name: getattr(parts, name) for name in names} | waits
    return {name: round(value * 1e6, 1) for name, value in shown.items()} | {
        "issuer": round((parts.issuer.share(0.5) or 0.0) * 1e6, 1)
    }


async def _beside(
    parts: Parts,
    port: int,
    credentials: list[tuple[str, str, str]],
    most_s: float,
    step_s: float,
) -> Figures:
    load, took = await drive(port, credentials, most_s)
    assert not load.refused, load.refused
    most = len(load.latencies) / took
    steps = [Step(most * share, step_s) for share in SHARES]
    offered = [Step(steps[0].rate, _WARM_S), *steps]
    loads = (await offer(port, credentials, offered, lambda _: None, Random(2)))[1:]
    predicted = await asyncio.to_thread(at_most, parts, _TERMINALS)
    figures = {
        "capacity_machine": {"cores": float(parts.cores), "others": parts.others},
        "capacity_limit": _compared(predicted.tps, most),
    }
    for share, step, came in zip(SHARES, steps, loads, strict=True):
        assert not came.refused, came.refused
        told: Predicted = await asyncio.to_thread(at_rate, parts, step.rate, step_s)
        cuts = [cut * 1000 for cut in quantiles(came.latencies, n=100)]
        figures[f"capacity_p99_{share:.0%}"] = _compared(told.p99_ms, cuts[98])
        figures[f"capacity_p50_{share:.0%}"] = _compared(told.p50_ms, cuts[49])
    return figures


def _compared(predicted: float, measured: float) -> dict[str, float]:
    return {
        "predicted": predicted,
        "measured": measured,
        "error": predicted / measured - 1,
    }


if __name__ == "__main__":
    for name, values in measure(6.0, 6.0, 8.0).items():
        print(f"{name:<18}" + "".join(f" {key} {value:9.2f}" for key, value in values.items()))
