"""How long an upgrade takes: each migration over a million transactions of the first version.

`python -m bench.upgrade --rows 1000000`. The server writes durably, in a folder of the system's
temporary place. Into build/upgrade.json: seconds of each migration, which tables nobody could write
to meanwhile, and the size of the database.
"""

import asyncio
import json
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import typer

from annul.store.migrate import upgrade
from annul.store.roles import OWNER
from tests.support.old_books import CASES, fill
from tests.support.servers import Server, annuls_database

_REPORT: Final = Path("build/upgrade.json")
_LOOK_S: Final = 0.01
_REVISIONS: Final = [
    file.name[:4]
    for file in sorted(Path("src/annul/store/migrations/versions").glob("[0-9]*.up.sql"))
]
_LOCKED: Final = """
SELECT DISTINCT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.granted AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
  AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
"""


async def _locked(url: str, seen: set[str]) -> None:
    """Look, until it is cancelled, at which tables nobody may write to."""
    connection = await asyncpg.connect(url)
    try:
        while True:
            seen.update(row[0] for row in await connection.fetch(_LOCKED))
            await asyncio.sleep(_LOOK_S)
    finally:
        connection.terminate()


async def _measured(server: Server, rows: int) -> dict[str, Any]:
    await annuls_database(server)
    url = server.url(OWNER, "annul")
    await upgrade(url, "0001")
    owner = await asyncpg.connect(url)
    await fill(owner, rows)
    seconds: dict[str, float] = {}
    locked: dict[str, list[str]] = {}
    for revision in _REVISIONS[1:]:
        seen: set[str] = set()
        looks = asyncio.create_task(_locked(url, seen))
        begun = time.monotonic()
        await upgrade(url, revision)
        seconds[revision] = round(time.monotonic() - begun, 2)
        looks.cancel()
        with suppress(asyncio.CancelledError):
            await looks
        locked[revision] = sorted(seen)
        if revision == "0002":
            await owner.execute(CASES)
        typer.echo(f"{revision}  {seconds[revision]:8.2f} s  {', '.join(sorted(seen))}")
    size = await owner.fetchval("SELECT pg_database_size(current_database())")
    await owner.close()
    whole = sum(seconds.values())
    return {
        "rows": rows,
        "seconds": round(whole, 1),
        "seconds_per_million": round(whole * 1e6 / rows, 1),
        "database_bytes": size,
        "migrations": seconds,
        "locked": locked,
    }


def main(
    rows: Annotated[int, typer.Option(help="transactions to load")] = 1_000_000,
) -> None:
    """Measure an upgrade from the first version to this one."""
    with tempfile.TemporaryDirectory(prefix="annul-upgrade-") as name:
        Path(name).chmod(0o755)
        server = Server(Path(name) / "old")
        server.make({"fsync": "on", "shared_buffers": "256MB", "max_wal_size": "4GB"})
        server.start()
        try:
            report = asyncio.run(_measured(server, rows))
        finally:
            server.stop()
    _REPORT.parent.mkdir(exist_ok=True)
    _REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    typer.echo(f"{report['seconds']} s, {report['seconds_per_million']} s per million rows")


if __name__ == "__main__":
    typer.run(main)
