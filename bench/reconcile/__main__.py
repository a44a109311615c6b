"""A day of a million transactions against a clearing file of as many rows, from reading to discard.

`python -m bench.reconcile --rows 1000000`. The day is made by SQL, with its entries; 0.5 % of its
rows break, of every kind, and of 10,000 sales and voids nobody knows the end. The server writes
durably, in a folder of the system's temporary place, which goes afterwards. Beside it DuckDB and
Polars join the same two files, durable in nothing. Into build/bench-reconcile.json: what was
found, missed and invented, the seconds of each step, and the peak of the working process's memory.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import typer

from annul.security.vault import Vault
from annul.store.migrate import upgrade
from annul.store.roles import OWNER, SERVING
from bench import claims
from tests.support.servers import Server, annuls_database

from . import books, file
from .file import Expected
from .truth import Truth

_REPORT: Final = Path("build/bench-reconcile.json")
_SETTINGS: Final = {
    "fsync": "on", "shared_buffers": "256MB", "wal_buffers": "16MB", "max_wal_size": "4GB",
    "min_wal_size": "256MB", "wal_compression": "pglz", "jit": "off",
    "plan_cache_mode": "force_generic_plan", "random_page_cost": "1.1",
}  # fmt: skip  # as annul's own server has them
_JOINS: Final = ("duckdb", "polars")
_TIMES: Final = 3  # each is run, the middle counts
_BOOKS: Final = "SELECT merchant_id, rrn, amount, kind, state, business_date, id FROM transactions"


async def _made(server: Server, folder: Path, rows: int) -> file.Written:
    """Make the books, the file, and the books as CSV for others."""
    await annuls_database(server)
    url = server.url(OWNER, "annul")
    await upgrade(url)
    owner = await asyncpg.connect(url)
    try:
        await books.write(owner, Vault(bytes(32)), rows)
        written = await file.write(owner, folder / "COM")
        await owner.copy_from_query(
            _BOOKS, output=folder / "books.csv", format="csv", header=True, timeout=3_600
        )
    finally:
        await owner.close()
    return written


def _joined(folder: Path) -> dict[str, float]:
    """Give the seconds of the bare joins; both must have found the same."""
    seconds: dict[str, float] = {}
    found: set[tuple[int, ...]] = set()
    for which in _JOINS:
        command = ("-m", "bench.reconcile.joins", which, folder / "books.csv", folder / "COM")
        told = (sys.executable, *command)
        said = [json.loads(subprocess.check_output(told)) for _ in range(_TIMES)]
        seconds[which] = statistics.median(one["seconds"] for one in said)
        found |= {tuple(one["found"]) for one in said}
    assert len(found) == 1, f"they do not agree: {found}"
    return seconds


async def _worked(server: Server, folder: Path, expected: set[Expected]) -> dict[str, Any]:
    """Let another process work, and look at the books after each of its steps."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.reconcile.work", server.url(SERVING, "annul"), folder / "COM",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    owner = await asyncpg.connect(server.url(OWNER, "annul"))
    truth = Truth(owner, expected)
    before = await truth.standing()
    steps: dict[str, Any] = {}
    began = _server_cpu(server)
    while said := await process.stdout.readline():
        step = json.loads(said) | {"server_cpu": _server_cpu(server) - began}
        found = await truth.after(step["step"])
        steps[step.pop("step")] = step | found
        began = _server_cpu(server)
        process.stdin.write(b"\n")
    assert await process.wait() == 0, "the work has failed"
    after = await truth.standing()
    await owner.close()
    return steps | {"as_before": before == after}


def _server_cpu(server: Server) -> float:
    """Give the processors' seconds that a server and its children have had, ended ones as well."""
    first, *children = server.processes()
    ticks = sum(sum(_ticks(child)[:2]) for child in children) + sum(_ticks(first))
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(process: int) -> list[int]:
    """Give user's and system's ticks of a process, then those of its children that have ended."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return [0, 0]
    return [int(ticks) for ticks in stat.rpartition(")")[2].split()[11:15]]


def _report(
    rows: int, lines: int, steps: dict[str, Any], joined: dict[str, float]
) -> dict[str, Any]:
    load, commit = steps["load"]["seconds"], steps["commit"]["seconds"]
    matched = steps["commit"]["match_seconds"]
    seconds = {
        "load": load,
        "match": matched,
        "write": commit - matched,
        "preview": steps["preview"]["seconds"],
        "discard": steps["discard"]["seconds"],
        "undo_of_proofs": steps["undo"]["seconds"],
    }
    return {
        "rows": lines,
        "transactions": rows,
        **{name: steps["commit"][name] for name in ("found", "missed", "invented")},
        "seconds": round(load + commit, 1),
        "seconds_of": {name: round(spent, 1) for name, spent in seconds.items()},
        "cpu_seconds_of": {
            name: {by: round(steps[name][f"{by}_cpu"], 1) for by in ("server", "own")}
            for name in ("load", "preview", "commit", "discard")
        },
        **{f"seconds_{name}": round(spent, 2) for name, spent in joined.items()},
        **{f"ratio_{name}": round((load + commit) / spent, 1) for name, spent in joined.items()},
        "peak_mb": max(steps[name]["peak_mb"] for name in ("load", "preview", "commit")),
        "unknowns_closed": steps["prove"]["closed"],
        "unknowns_seconds": round(steps["prove"]["seconds"], 1),
        "unknowns_wrong": steps["prove"]["wrong"],
        "undone_as_before": steps["as_before"],
        "statements": {name: steps[name]["statements"] for name in ("commit", "discard")},
    }


def main(
    rows: Annotated[int, typer.Option(help="transactions of the day")] = 1_000_000,
) -> None:
    """Measure the reconciliation of a day."""
    with tempfile.TemporaryDirectory(prefix="annul-reconcile-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Server(folder / "books")
        server.make(_SETTINGS)
        server.start()
        try:
            written = asyncio.run(_made(server, folder, rows))
            joined = _joined(folder)
            steps = asyncio.run(_worked(server, folder, written.breaks))
        finally:
            server.stop()
    report = _report(rows, written.lines, steps, joined)
    _REPORT.parent.mkdir(exist_ok=True)
    report = claims.play().figures() | report
    _REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    typer.echo(json.dumps(report, indent=2))


if __name__ == "__main__":
    typer.run(main)
