"""A report as a mail: subject, text and attachments; who sends it is another part's."""

import asyncio
from datetime import datetime, tzinfo
from typing import Final

import asyncpg

from annul.domain.business_day import Calendar
from annul.domain.letters import Attachment, Letter

from .pdf import pdf
from .period import Period
from .reading import read
from .report import Report, report
from .sections import in_short
from .words import titled
from .workbook import workbook

PDF: Final = "application/pdf"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def of_voids(
    pool: asyncpg.Pool,
    period: Period,
    calendar: Calendar,
    now: datetime,
    language: str,
    link: str,
    merchant: str = "",
) -> Letter:
    """Read the report on a cell's voids, or on a merchant's, as a mail; raises `NotClosed`."""
    tables = await read(pool, period, calendar, now, merchant)
    made = report(tables, period, now, merchant)
    made = made.for_shop() if merchant else made
    return await asyncio.to_thread(letter, made, language, calendar.zone, link)


def letter(made: Report, language: str, zone: tzinfo, link: str = "") -> Letter:
    """Write the mail; `link` is where the console shows it, where that is known.

    It takes a moment of the processor: from a loop, call it in a thread.
    """
    lines = [line.speak(language) for line in in_short(made)]
    lines += [one.change.speak(language) for one in made.suggestions[1:]]
    name = f"annul-report-{made.period.name}"
    return Letter(
        subject=f"annul: {titled(made).speak(language)}",
        text="\n".join([*lines, *([link] if link else [])]) + "\n",
        attachments=(
            Attachment(f"{name}.pdf", PDF, pdf(made, language, zone)),
            Attachment(f"{name}.xlsx", XLSX, workbook(made, language)),
        ),
    )
