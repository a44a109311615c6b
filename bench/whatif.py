"""How long a change takes to be tried on a journal: settings of merchants, limits of alarms.

`python -m bench.whatif --rows 10000000`. The journal is that of `bench.rules`, six weeks at twenty
issuers, of 667 merchants; one issuer fails for half an hour, the approvals of another one drop for
a day. Into build/bench-whatif.json: of each change seconds, CPU seconds of this process and of the
database, what differs, and the most memory that this process and one that it started took.
"""

import asyncio
import json
import os
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import typer

from annul.operate.alarms.rules import AlarmRules
from annul.operate.whatif import alarms, merchants
from annul.store.database import connect
from annul.store.migrate import upgrade
from annul.store.roles import OWNER
from bench import rules as journal
from tests.support.servers import Server, annuls_database

_REPORT: Final = Path("build/bench-whatif.json")
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_SPAN: Final = (journal.NOW - journal.SPAN, journal.NOW)
_SHOPS: Final = "lpad((898000058120000 + sale % 667)::text, 15, '0')"
# Of the codes: an hour of faults at one issuer, a day of declines at another one.
_TROUBLE: Final = (
    "CASE WHEN issuer = 4 AND at BETWEEN '2026-11-12 04:00Z' AND '2026-11-12 04:30Z' THEN '91'"
    " WHEN issuer = 6 AND at BETWEEN '2026-11-15 00:00Z' AND '2026-11-16 00:00Z'"
    " AND draw(i, 9) < 0.15 THEN '05' WHEN ruled THEN '61'"
)
_Replay = Callable[[asyncpg.Pool, Any], AsyncIterator[Any]]
_CHANGES: Final[dict[str, tuple[Callable[[], Any], _Replay]]] = {
    "merchant amount_limit 100000": (
        merchants.Judged,
        lambda pool, sums: merchants.replay(pool, "", _SPAN, ("amount_limit", 100_000), sums),
    ),
    "merchant refund_days 7": (
        merchants.Judged,
        lambda pool, sums: merchants.replay(pool, "", _SPAN, ("refund_days", 7), sums),
    ),
    "alarm per_million 1 to 100": (
        alarms.Watching,
        lambda pool, sums: alarms.replay(
            pool, _ZONE, _SPAN, (AlarmRules(), AlarmRules(per_million=100)), sums
        ),
    ),
}


def _statement() -> str:
    shops = journal.JOURNAL.replace("'898000058120000'", _SHOPS)
    return shops.replace("CASE WHEN ruled THEN '61'", _TROUBLE)


def _cpu_s() -> float:
    """Give what this process has used, and those that it started and that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _server_cpu_s(pid: int) -> float:
    """Give what a server has used, and all that it has started and that has ended."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    ticks = 0
    for one in pids:
        parts = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, parts[11 : 15 if one == pid else 13]))
    return ticks / os.sysconf("SC_CLK_TCK")


async def _measured(server: Server, rows: int) -> dict[str, Any]:
    await annuls_database(server)
    url = server.url(OWNER, "annul")
    await upgrade(url)
    owner = await asyncpg.connect(url)
    try:
        await journal.make(owner, rows, _statement())
    finally:
        await owner.close()
    pid = int((server.folder / "postmaster.pid").read_text().split()[0])
    report: dict[str, Any] = {"rows": rows}
    pool = await connect(url, role=None)
    for name, (sums, replay) in _CHANGES.items():
        counted, differ = sums(), 0
        began, cpu, theirs = time.monotonic(), _cpu_s(), _server_cpu_s(pid)
        async for _ in replay(pool, counted):
            differ += 1
        report[name] = {
            "seconds": round(time.monotonic() - began, 1),
            "cpu_s": round(_cpu_s() - cpu, 1),
            "database_cpu_s": round(_server_cpu_s(pid) - theirs, 1),
            "differ": differ,
            "sums": asdict(counted),
            "peak_mb": [
                resource.getrusage(whose).ru_maxrss // 1024
                for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            ],
        }
        typer.echo(f"{name}: {json.dumps(report[name])}")
    await pool.close()
    return report


def main(
    rows: Annotated[int, typer.Option(help="transactions of the journal")] = 10_000_000,
) -> None:
    """Measure how long changes take to be tried."""
    with tempfile.TemporaryDirectory(prefix="annul-whatif-") as name:
        Path(name).chmod(0o755)
        server = Server(Path(name) / "journal")
        server.make({"fsync": "off", "shared_buffers": "256MB", "max_wal_size": "4GB"})
        server.start()
        try:
            report = asyncio.run(_measured(server, rows))
        finally:
            server.stop()
    _REPORT.parent.mkdir(exist_ok=True)
    _REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
