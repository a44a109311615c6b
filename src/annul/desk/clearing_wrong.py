"""A clearing file that is wrong is an incident, until it was read well or people end it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from annul.domain.incident import Incident
from annul.domain.text import Text
from annul.settle.clearing.rows import ClearingUnreadable
from annul.store.incidents import Ended, closing, opening, retelling
from annul.wire.masking import scan

from .clearing_reading import MapNeeded
from .desk import Desk

KIND: Final = "file_wrong"
_LONGEST: Final = 200  # characters of a name, as of a file that is kept


@asynccontextmanager
async def told_of(desk: Desk, name: str) -> AsyncIterator[Callable[[Text | None], None]]:
    """Raise that a file is wrong: it was refused whole, or what the block is told of it.

    A table of which the columns are not declared is not wrong: people choose them, and read it.
    """
    came: list[Text | None] = []
    try:
        yield came.append
    except MapNeeded:
        raise
    except ClearingUnreadable as error:
        await _told(desk, name, Text(f"整份被拒：{error}", f"refused whole: {error}"))
        raise
    if came:
        await _told(desk, name, came[0])


async def _told(desk: Desk, name: str, why: Text | None) -> None:
    subject = scan(name.strip())[:_LONGEST]
    now = desk.clock.now()
    async with desk.pool.acquire() as connection, connection.transaction():
        if why is None:
            await connection.execute(*closing([Ended(KIND, "", subject)], now))
            return
        said = Text(scan(why.zh), scan(why.en))
        raised = Incident.of(KIND, "", subject, name=subject, why=said)
        await connection.execute(*opening([raised], now))
        await connection.execute(*retelling(raised))
