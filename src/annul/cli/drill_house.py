"""Where a run of a drill is kept: in the installation that is told, else in the sandbox itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres

from .counter import Places
from .reach import reach


def is_told(places: Places) -> bool:
    """Say whether an installation is told at all."""
    return any(place is not None for place in places)


@asynccontextmanager
async def house(places: Places, folder: Path) -> AsyncIterator[Any]:
    """Give a pool of the installation, else of the sandbox, which runs as long as it is read.

    None where the sandbox's database is gone. Raises `NotRunning` and `EmbeddedPostgresError`.
    """
    if is_told(places):
        async with reach(*places) as base:
            yield base.pool
        return
    server = EmbeddedPostgres(folder)
    if not server.cluster.exists():
        yield None
        return
    runs = server.alive()
    pool = await connect(await server.start(), size=1)
    try:
        yield pool
    finally:
        await pool.close()
        if not runs:
            await server.stop()
