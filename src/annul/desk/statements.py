"""Statements for merchants, written into a file of whoever asks, and kept in the audit log."""

import asyncio
from typing import IO, Any, Final

from annul.settle.statement.model import Period
from annul.settle.statement.sections import Spoken
from annul.settle.statement.writing import Asked, write

from . import over_cells
from .audit import audit
from .desk import Desk
from .merchants import find
from .roles import Visitor

TAKEN: Final = "read-statement"


@over_cells.the_one_that_knows
async def statement(
    desk: Desk,
    visitor: Visitor,
    merchant_id: str,
    period: Period,
    form: str,
    language: str,
    file: IO[bytes],
) -> dict[str, Any]:
    """Write a statement in its form (pdf, xlsx, csv) and language, and give its sums.

    Few are written at once: the others wait. Raises `NothingThere`, `NotClosed`, `DoesNotAddUp`.
    """
    await find(desk, visitor, merchant_id)
    now = desk.clock.now()
    asked = Asked(merchant_id, period, form, Spoken(language, desk.zone), now)
    async with desk.statements:
        await asyncio.to_thread(_emptied, file)
        facts = await write(desk.pool, asked, file)
    detail = {"period": str(period), "format": form}
    await audit(desk.pool, visitor, now, TAKEN, f"merchant {merchant_id}", "", detail)
    return facts


def _emptied(file: IO[bytes]) -> None:
    """Take away what a cell wrote that went silent before the next one was asked."""
    file.seek(0)
    file.truncate()
