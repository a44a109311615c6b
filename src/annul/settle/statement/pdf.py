"""A statement to be printed (PDF): its tables, and its transactions up to a stated number."""

import textwrap
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO, Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    Paragraph,
    SimpleDocTemplate,
    Table,
    TableStyle,
)

from annul.domain.money import show
from annul.domain.text import Text
from annul.resolve import proof_page as page

from .model import Statement
from .sections import LINES, TRANSACTIONS, Amount, Cell, Column, Reference, Spoken, sections

MOST: Final = 2_000  # transactions that are printed
_PIECE: Final = 200  # rows of a table, so that none is laid out for long
_SIZE: Final = 5.0  # points, of a transaction
_HEAD_SIZE: Final = 5.5  # of what stands over it
_LONGEST: Final = 400  # characters of a cell: what is higher than a page can not be laid out
_END: Final = 8  # characters of a payout's reference where room is short
_RULE: Final = colors.HexColor("#d5dbe2")
_HEAD: Final = colors.HexColor("#eef2f6")
_RIGHT: Final = ParagraphStyle("right", parent=page.FINE, alignment=TA_RIGHT, wordWrap=None)
_PART: Final = ParagraphStyle("begun", parent=page.PART, keepWithNext=False)
_ROOM: Final = 30 * mm  # for a heading and some rows
_LATIN, _CHINESE = 19, 9  # characters that a column of transactions takes
_MARKS: Final[tuple[Any, ...]] = (
    ("LINEBELOW", (0, 0), (-1, -1), 0.3, _RULE),
    ("BACKGROUND", (0, 0), (-1, 0), _HEAD),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 2),
    ("RIGHTPADDING", (0, 0), (-1, -1), 2),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
)


class PdfFile:
    """Kept until `close` lays it out; of the transactions no more than are printed."""

    def __init__(
        self, file: IO[bytes], statement: Statement, spoken: Spoken, most: int = MOST
    ) -> None:
        self._file = file
        self._statement = statement
        self._spoken = spoken
        self._most = most
        self._kept: list[list[str]] = []
        self._all = 0

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Keep some transactions, and count all of them."""
        for row in rows:
            self._all += 1
            if len(self._kept) < self._most:
                self._kept.append([_broken(self._said(cell, short=True)) for cell in row])

    def close(self) -> None:
        """Lay it out and write it."""
        page.registered()
        told, spoken = self._statement, self._spoken
        title = Text("商户对账单", "Merchant statement").speak(spoken.language)
        document = SimpleDocTemplate(
            self._file,
            pagesize=A4,
            leftMargin=page.MARGIN,
            rightMargin=page.MARGIN,
            topMargin=15 * mm,
            bottomMargin=17 * mm,
            title=f"{title} {told.merchant_id} {told.period}",
            author="annul",
            invariant=True,
        )
        as_of = self._said(told.as_of)
        foot = f"annul　{told.merchant_id}　{told.period}　{as_of} {spoken.zone}"
        document.build(list(self._story()), canvasmaker=page.numbered(foot))

    def drop(self) -> None:
        """Do nothing: nothing is written before it is closed."""

    def _story(self) -> Iterable[Flowable]:
        for section in sections(self._statement):
            yield self._heading(section.title)
            rows = [[self._cell(cell) for cell in row] for row in section.rows]
            yield from self._tables(section.columns, rows, ())
        # A heading that is kept with its table would take all of it to the next page.
        yield CondPageBreak(_ROOM)
        yield self._heading(TRANSACTIONS, kept=False)
        if self._all > len(self._kept):
            left = Text(
                f"共{self._all}笔，此处列出前{len(self._kept)}笔；全部见同期的XLSX或CSV对账单。",
                f"The first {len(self._kept)} of {self._all} stand here; all of them are in the "
                "statement of the same period as XLSX or CSV.",
            )
            yield Paragraph(escape(left.speak(self._spoken.language)), page.TEXT)
        fine = (
            ("FONT", (0, 1), (-1, -1), page.FONT, _SIZE, _SIZE + 1.5),
            *(
                ("ALIGN", (place, 1), (place, -1), "RIGHT")
                for place, column in enumerate(LINES)
                if column.money
            ),
        )
        yield from self._tables(LINES, self._kept, fine)

    def _heading(self, title: Text, *, kept: bool = True) -> Paragraph:
        style = page.PART if kept else _PART
        return Paragraph(escape(title.speak(self._spoken.language)), style)

    def _tables(
        self, columns: Sequence[Column], rows: Sequence[list[Any]], more: Sequence[Any]
    ) -> Iterable[Flowable]:
        """Give rows as tables that follow each other: one that is long is laid out slowly."""
        if not rows:
            yield Paragraph(Text("无", "none").speak(self._spoken.language), page.TEXT)
        size = _HEAD_SIZE if more else page.FINE.fontSize
        styles = [
            ParagraphStyle("head", parent=one, fontSize=size, leading=size + 2)
            for one in (page.FINE, _RIGHT)
        ]
        heads = [Paragraph(self._marked(one.head), styles[one.money]) for one in columns]
        for begin in range(0, len(rows), _PIECE):
            table = Table(
                [heads, *rows[begin : begin + _PIECE]],
                colWidths=[page.WIDTH * column.share for column in columns],
                repeatRows=1,
            )
            table.setStyle(TableStyle([*_MARKS, *more]))
            yield table

    def _cell(self, cell: Cell) -> Paragraph:
        style = _RIGHT if isinstance(cell, Amount) else page.FINE
        return Paragraph(self._marked(cell), style)

    def _marked(self, cell: Cell) -> str:
        said = self._said(cell, short=isinstance(cell, Reference))
        if len(said) > _LONGEST:
            said = f"{said[:_LONGEST]}…"
        return page.latin(said) if said.isascii() else escape(said)

    def _said(self, cell: Cell, *, short: bool = False) -> str:
        match cell:
            case None:
                return ""
            case Text():
                return cell.speak(self._spoken.language)
            case Amount():
                return show(cell.minor, cell.currency)
            case Reference():
                return cell[-_END:] if short else cell
            case datetime():
                shown = "%m-%d %H:%M:%S" if short else "%Y-%m-%d %H:%M:%S"
                return f"{cell.astimezone(self._spoken.zone):{shown}}"
            case _:
                return str(cell)


def _broken(text: str) -> str:
    """Break what is wider than its column: a table does not."""
    return textwrap.fill(text, _LATIN if text.isascii() else _CHINESE) if text else ""
