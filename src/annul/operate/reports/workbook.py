"""A report as a workbook (XLSX): a sheet of the most important, and one of each section."""

import io
from datetime import UTC
from typing import Any, Final

from xlsxwriter import Workbook

from annul.domain.text import Text

from .report import Report
from .sections import Cell, Rate, Section, in_short, sections
from .words import spoken, titled

_WIDTH: Final = 18
_FIRST: Final = 44
_LONGEST: Final = 32_767  # characters that a cell takes
_TOLD: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_SHORT: Final = Text("摘要", "In short")


def workbook(report: Report, language: str) -> bytes:
    """Give the file; the same report is the same file."""
    buffer = io.BytesIO()
    book: Any = Workbook(buffer, _TOLD)
    book.set_properties({"created": report.at.astimezone(UTC).replace(tzinfo=None)})
    bold = book.add_format({"bold": True})
    formats = {
        False: book.add_format({"num_format": "0.00%"}),
        True: book.add_format({"num_format": "+0.00;-0.00;0.00"}),
    }
    sheet = book.add_worksheet(_SHORT.speak(language))
    sheet.set_column(0, 0, 4 * _WIDTH)
    sheet.write_string(0, 0, titled(report).speak(language), bold)
    for at, line in enumerate(in_short(report), 1):
        sheet.write_string(at, 0, line.speak(language))
    for section in sections(report):
        _sheet(book, section, language, bold, formats)
    book.close()
    return buffer.getvalue()


def _sheet(book: Any, section: Section, language: str, bold: Any, formats: dict[bool, Any]) -> None:
    sheet = book.add_worksheet(section.title.speak(language)[:31])
    sheet.set_column(0, 0, _FIRST)
    sheet.set_column(1, len(section.heads) - 1, _WIDTH)
    sheet.freeze_panes(1, 0)
    for place, head in enumerate(section.heads):
        sheet.write_string(0, place, head.speak(language), bold)
    for at, row in enumerate(section.rows, 1):
        for place, cell in enumerate(row):
            _write(sheet, (at, place), cell, language, formats)
    if note := section.note.speak(language):
        sheet.write_string(len(section.rows) + 2, 0, note)


def _write(
    sheet: Any, at: tuple[int, int], cell: Cell, language: str, formats: dict[bool, Any]
) -> None:
    match cell:
        case Rate() if cell.value is not None:
            number = 100 * cell.value if cell.points else cell.value
            sheet.write_number(*at, number, formats[cell.points])
        case int():
            sheet.write_number(*at, cell)
        case _:
            sheet.write_string(*at, spoken(cell, language)[:_LONGEST])
