"""How the printable proof is set: fonts, colours, grids, the band of the outcome, and the feet."""

from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, Table, TableStyle

from annul.domain.text import Text

FONT: Final = "STSong-Light"  # a font that PDF readers bring along
LATIN: Final = "Helvetica"
MARGIN: Final = 18 * mm
WIDTH: Final = A4[0] - 2 * MARGIN
_INK: Final = colors.HexColor("#1d2733")
_SOFT: Final = "#5b6875"
_LINE: Final = colors.HexColor("#d5dbe2")
_HEAD: Final = colors.HexColor("#eef2f6")
# The colour of an outcome: of its bar, and behind it.
TONES: Final = {
    "voided": ("#12764a", "#e8f5ee"),
    "refunded": ("#12764a", "#e8f5ee"),
    "refused": ("#a5352b", "#fbeeec"),
}
_OTHER: Final = ("#8a5a05", "#fbf3e2")


def _style(name: str, size: float, leading: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(
        name, fontName=FONT, fontSize=size, leading=leading, textColor=_INK, **more
    )


TITLE: Final = _style("title", 11, 15, leftIndent=-3)
OUTCOME: Final = _style("outcome", 19, 25)
PART: Final = _style("part", 11, 15, leftIndent=-3, spaceBefore=11, spaceAfter=3, keepWithNext=True)
TEXT: Final = _style("text", 8.5, 12, wordWrap="CJK")
FINE: Final = _style("fine", 7, 9.5, wordWrap="CJK")


class Rich(str):
    """Text with marks of its own; any other is shown as it is."""

    __slots__ = ()


def registered() -> None:
    """Let the font be known, once or again."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def latin(text: object) -> str:
    """Give text of Latin letters and digits its own font."""
    return f'<font name="{LATIN}">{escape(str(text))}</font>'


def code(text: object) -> Rich:
    """Give a number or code."""
    return Rich(latin(text) if str(text).isascii() else escape(str(text)))


def both(text: Text, *, lines: bool = True) -> Rich:
    """Give a text in both languages, the English in a softer colour beneath or beside it."""
    if text.zh == text.en:
        return code(text.en)
    between = "<br/>" if lines else "&nbsp;&nbsp;"
    english = f'<font name="{LATIN}" color="{_SOFT}" size="7.5">{escape(text.en)}</font>'
    return Rich(f"{escape(text.zh)}{between}{english}")


def heading(text: Text) -> Paragraph:
    """Give the heading of a part."""
    english = f'<font name="{LATIN}" size="9" color="{_SOFT}">{escape(text.en)}</font>'
    return Paragraph(f"{escape(text.zh)}&nbsp;&nbsp;{english}", PART)


def band(lines: Sequence[Paragraph], how: str) -> Flowable:
    """Give the outcome: a bar in its colour, and what it says beside it."""
    bar, tint = TONES.get(how, _OTHER)
    table = Table([[line] for line in lines], colWidths=[WIDTH])
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), colors.HexColor(tint)),
                ("LINEBEFORE", (0, 0), (0, -1), 3, colors.HexColor(bar)),
                ("LEFTPADDING", (0, 0), (-1, -1), 10),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return table


def grid(
    rows: Sequence[Sequence[object]],
    shares: Sequence[float],
    *,
    head: bool = False,
    fine: bool = False,
) -> Flowable:
    """Give rows in columns of these shares of the width; `head`: the first row names them."""
    if len(rows) <= head:
        return Paragraph(both(Text("无", "none"), lines=False), TEXT)
    style = FINE if fine else TEXT
    table = Table(
        [[Paragraph(_marked(cell), style) for cell in row] for row in rows],
        colWidths=[WIDTH * share for share in shares],
        repeatRows=int(head),
    )
    marks: list[Any] = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    if head:
        marks.append(("BACKGROUND", (0, 0), (-1, 0), _HEAD))
    table.setStyle(TableStyle(marks))
    return table


def _marked(cell: object) -> str:
    return cell if isinstance(cell, Rich) else escape(str(cell))


def numbered(foot: str) -> type[Canvas]:
    """Give a canvas that writes `foot` and "page of pages" beneath each page."""

    class Numbered(Canvas):
        """Keeps its pages until it knows how many there are."""

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self._kept: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            self._kept.append(dict(self.__dict__))
            self._startPage()  # pyright: ignore[reportAttributeAccessIssue]

        def save(self) -> None:
            for number, page in enumerate(self._kept, 1):
                self.__dict__.update(page)
                self.setFillColor(colors.HexColor(_SOFT))
                self.setFont(FONT, 7)
                self.drawString(MARGIN, 9 * mm, foot)
                self.setFont(LATIN, 7)
                self.drawRightString(A4[0] - MARGIN, 9 * mm, f"{number} / {len(self._kept)}")
                super().showPage()
            super().save()

    return Numbered
