"""Drills that were run, as the database of an installation or of their sandbox has them."""

from collections.abc import Mapping
from typing import Any, Final

from annul.store.sql import load

from .record import Alone, Record, Run, alone_of, plain, record_of

SQL: Final = load("annul.operate.drills", "keeping.sql")


async def keep(connection: Any, record: Record, alone: Alone | None = None) -> None:
    """Keep a run; once, however often it is told."""
    kept = plain(record) | {"began": record.began, "ended": record.ended}
    told = {"id": record.id, "number": record.number, "alone": alone and plain(alone)}
    await connection.execute(*SQL["keep"](**kept, **told))


async def runs(connection: Any, drill: str = "", limit: int = 100) -> list[Run]:
    """Give the latest runs, the latest first; of one drill if it is named."""
    asked = SQL["runs"](drill=drill, after_at=None, after_id=None, limit=limit)
    return [run_of(row) for row in await connection.fetch(*asked)]


async def find(connection: Any, number: str) -> Run | None:
    """Give a run by its number."""
    row = await connection.fetchrow(*SQL["run"](number=number))
    return None if row is None else run_of(row)


def run_of(row: Mapping[str, Any]) -> Run:
    """Make a run of a row."""
    return Run(record_of(dict(row)), alone_of(row["alone"]))
