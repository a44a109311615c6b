"""A report to be printed (PDF), in one language."""

import io
from collections.abc import Iterable
from datetime import tzinfo
from typing import Final
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

from annul.resolve import proof_page as page

from .report import Report
from .sections import in_short, sections
from .words import spoken, titled

_GAP: Final = 2.5 * mm


def pdf(report: Report, language: str, zone: tzinfo) -> bytes:
    """Give the file; the same report is the same file."""
    page.registered()
    buffer = io.BytesIO()
    title = titled(report).speak(language)
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=page.MARGIN,
        rightMargin=page.MARGIN,
        topMargin=15 * mm,
        bottomMargin=17 * mm,
        title=title,
        author="annul",
        invariant=True,
    )
    at = f"{report.at.astimezone(zone):%Y-%m-%d %H:%M} {zone}"
    document.build(
        list(_story(report, language, title)),
        canvasmaker=page.numbered(f"annul　{report.period.name}　{at}"),
    )
    return buffer.getvalue()


def _story(report: Report, language: str, title: str) -> Iterable[Flowable]:
    yield Paragraph(_set(title), page.TITLE)
    yield Spacer(1, _GAP)
    for line in in_short(report):
        yield Paragraph(_set(line.speak(language)), page.TEXT)
    for section in sections(report):
        yield Paragraph(_set(section.title.speak(language)), page.PART)
        rows = [[_set(spoken(cell, language)) for cell in row] for row in section.rows]
        heads = [_set(one.speak(language)) for one in section.heads]
        yield page.grid([heads, *rows], section.shares, head=True, fine=True)
        if note := section.note.speak(language):
            yield Paragraph(_set(note), page.FINE)


def _set(text: str) -> page.Rich:
    """Give a text in the font that has its letters."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return page.Rich(escape(text))
    return page.Rich(page.latin(text))
