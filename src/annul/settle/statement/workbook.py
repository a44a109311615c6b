"""A statement as a workbook (XLSX): a sheet of sums, and sheets of transactions, row by row."""

import tempfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Final

from xlsxwriter import Workbook

from annul.domain.money import CURRENCIES
from annul.domain.text import Text

from .model import Statement
from .sections import LINES, TRANSACTIONS, Amount, Cell, Column, Spoken, sections

_MOST_ROWS: Final = 1_000_000  # of a sheet, which takes 1,048,576
_WIDTH: Final = 18
_LONGEST: Final = 32_767  # characters that a cell takes
_TOLD: Final[dict[str, Any]] = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_SUMS: Final = Text("汇总", "Sums")


class BookFile:
    """Written row by row into a file that is open for bytes; `close` makes it whole.

    What is not closed is dropped, so that nothing is left of it beside the file.
    """

    def __init__(
        self,
        file: IO[bytes],
        statement: Statement,
        spoken: Spoken,
        most_rows: int = _MOST_ROWS,
    ) -> None:
        self._spoken = spoken
        self._most = most_rows
        # Rows lie here until the file is made of them.
        self._rows_lie = tempfile.TemporaryDirectory(prefix="annul-")
        self._book: Any = Workbook(file, _TOLD | {"tmpdir": self._rows_lie.name})
        # The same statement is the same file, whenever it is asked for.
        self._book.set_properties({"created": statement.as_of.replace(tzinfo=None)})
        self._bold = self._book.add_format({"bold": True})
        self._formats = {
            "time": self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "date": self._book.add_format({"num_format": "yyyy-mm-dd"}),
            2: self._book.add_format({"num_format": "#,##0.00"}),
            0: self._book.add_format({"num_format": "#,##0"}),
        }
        self._sheets = 0
        self._begin(_SUMS)
        for section in sections(statement):
            self._titled(section.title)
            self._heads(section.columns)
            self._rows(section.rows)
            self._row += 1
        self._transactions()

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write some transactions, on a further sheet when one is full."""
        for row in rows:
            if self._row > self._most:
                self._transactions()
            self._rows([row])

    def close(self) -> None:
        """Make the file whole."""
        self._book.close()
        self._rows_lie.cleanup()

    def drop(self) -> None:
        """Leave it unfinished."""
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()
        self._rows_lie.cleanup()

    def _begin(self, title: Text) -> None:
        self._sheets += 1
        named = title.speak(self._spoken.language)
        number = f" {self._sheets - 1}" if self._sheets > 2 else ""
        self._sheet = self._book.add_worksheet(named + number)
        self._sheet.set_column(0, len(LINES) - 1, _WIDTH)
        self._row = 0

    def _transactions(self) -> None:
        self._begin(TRANSACTIONS)
        self._heads(LINES)
        self._sheet.freeze_panes(1, 0)

    def _titled(self, title: Text) -> None:
        self._sheet.write_string(self._row, 0, title.speak(self._spoken.language), self._bold)
        self._row += 1

    def _heads(self, columns: Iterable[Column]) -> None:
        for place, column in enumerate(columns):
            text = column.head.speak(self._spoken.language)
            self._sheet.write_string(self._row, place, text, self._bold)
        self._row += 1

    def _rows(self, rows: Iterable[Sequence[Cell]]) -> None:
        for row in rows:
            for place, cell in enumerate(row):
                self._write(place, cell)
            self._row += 1

    def _write(self, place: int, cell: Cell) -> None:
        at = (self._row, place)
        match cell:
            case None | "":
                return
            case Amount():
                digits = CURRENCIES.get(cell.currency, ("", 2))[1]
                number = float(Decimal(cell.minor).scaleb(-digits))
                self._sheet.write_number(*at, number, self._formats[digits])
            case datetime():
                local = cell.astimezone(self._spoken.zone).replace(tzinfo=None)
                self._sheet.write_datetime(*at, local, self._formats["time"])
            case date():
                self._sheet.write_datetime(*at, cell, self._formats["date"])
            case Text():
                self._sheet.write_string(*at, cell.speak(self._spoken.language))
            case _:
                self._sheet.write_string(*at, cell[:_LONGEST])
