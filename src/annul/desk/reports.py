"""Reports on voids of a closed day or week: of all merchants, or of one's own."""

import asyncio
from typing import Final

from annul.operate.reports.pdf import pdf
from annul.operate.reports.period import Length, Period
from annul.operate.reports.reading import Tables, added, read
from annul.operate.reports.report import Report
from annul.operate.reports.report import report as made
from annul.operate.reports.workbook import workbook

from . import over_cells
from .audit import audit
from .desk import Desk, NothingThere
from .roles import Visitor

TAKEN: Final = "read-report"


def latest(desk: Desk, length: Length) -> Period:
    """Give the last day or week that is over for everybody by the house's clock."""
    today = desk.calendar.business_date(desk.clock.now())
    return Period.latest(length, today)


async def report(desk: Desk, visitor: Visitor, period: Period, merchant: str = "") -> Report:
    """Report on a period; a shop's person has the shop's. Raises `NotClosed`, `NothingThere`.

    Suggestions of what only the acquirer can change are not for shops.
    """
    if merchant and not visitor.sees(merchant):
        message = f"there is no merchant {merchant}"
        raise NothingThere(message)
    whose = merchant or visitor.merchant_id
    tables = await _tables(desk, period, whose)
    missing = sorted(one.cell for one in desk.others if one.cell in desk.silent)
    found = made(tables, period, desk.clock.now(), whose, missing)
    return found.for_shop() if visitor.merchant_id else found


@over_cells.together(added)
async def _tables(desk: Desk, period: Period, merchant: str) -> Tables:
    return await read(desk.pool, period, desk.calendar, desk.clock.now(), merchant)


async def written(
    desk: Desk, visitor: Visitor, period: Period, form: str, language: str, merchant: str = ""
) -> bytes:
    """Give a report as a file (pdf, xlsx), and keep who has taken it. Raises the same."""
    found = await report(desk, visitor, period, merchant)
    async with desk.statements:
        if form == "pdf":
            content = await asyncio.to_thread(pdf, found, language, desk.zone)
        else:
            content = await asyncio.to_thread(workbook, found, language)
    detail = {"period": period.name, "format": form}
    whose = f"merchant {found.merchant}" if found.merchant else "list reports"
    await audit(desk.pool, visitor, found.at, TAKEN, whose, "", detail)
    return content
