"""A report as a mail: subject, text and attachments; who sends it is another part's."""

import asyncio
from datetime import datetime, tzinfo
from typing import Final, NamedTuple

import asyncpg

from annul.domain.business_day import Calendar

from .pdf import pdf
from .period import Period
from .reading import read
from .report import Report, report
from .sections import in_short
from .words import titled
from .workbook import workbook

PDF: Final = "application/pdf"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Attachment(NamedTuple):
    """A file of a letter."""

    name: str
    media: str
    content: bytes


class Letter(NamedTuple):
    """What is sent, in one language."""

    subject: str
    text: str
    attachments: tuple[Attachment, ...]


async def of_voids(
    pool: asyncpg.Pool, period: Period, calendar: Calendar, now: datetime, language: str, link: str
) -> Letter:
    """Read the report on all voids of a cell and write it as a mail; raises `NotClosed`."""
    tables = await read(pool, period, calendar, now)
    made = report(tables, period, now)
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
