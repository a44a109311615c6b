"""What an installation carries and what is to be added when, as each cell has worked it out."""

from datetime import datetime
from typing import Final, NamedTuple

from pydantic import ValidationError

from annul.operate.capacity.asking import planned as asked
from annul.operate.capacity.told import Plan, Predicted, Report
from annul.store.sql import load

from . import over_cells
from .desk import Desk
from .permission import staff
from .roles import Visitor

_SQL: Final = load("annul.desk", "capacity.sql")


class CellReport(NamedTuple):
    """What a cell has worked out, and when; no report before the first hour is over."""

    cell: str
    at: datetime | None = None
    report: Report | None = None


@over_cells.together(over_cells.joined)
async def reports(desk: Desk, visitor: Visitor) -> list[CellReport]:
    """Give what each cell has worked out last. Raises `NotAllowed`."""
    staff(visitor)
    row = await desk.pool.fetchrow(*_SQL["report"]())
    if row is None:
        return [CellReport(desk.cell)]
    try:
        return [CellReport(desk.cell, row["at"], Report.model_validate(row["report"]))]
    except ValidationError:  # of another version; the next one comes within an hour
        return [CellReport(desk.cell)]


async def planned(report: Report, visitor: Visitor, tps: float) -> Predicted | None:
    """Say how long terminals wait at a planned rate; None as long as too little was measured.

    Raises `NotAllowed` and `NotWorkedOut`.
    """
    staff(visitor)
    if not report.carried.enough:
        return None
    return await asked(Plan(carried=report.carried, tps=tps))
