"""A list as a workbook (XLSX): text, numbers and times as what they are, and nothing calculated."""

import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook

from .tables import Cell

MEDIA: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDTH: Final = 20
_LONGEST: Final = 32_767  # characters that a cell takes


class BookFile:
    """A workbook that is written row by row into a file of its own; `close` makes it whole.

    Whoever has made it removes `path`. Times stand as the clock in `zone` shows them.
    """

    def __init__(self, heads: Sequence[str], zone: ZoneInfo) -> None:
        with tempfile.NamedTemporaryFile(prefix="annul-", suffix=".xlsx", delete=False) as file:
            self.path = Path(file.name)
        told = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book: Any = Workbook(str(self.path), told)
        self._sheet = self._book.add_worksheet()
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._amount = self._book.add_format({"num_format": "#,##0.00"})
        self._zone = zone
        bold = self._book.add_format({"bold": True})
        for place, head in enumerate(heads):
            self._sheet.write_string(0, place, head, bold)
        self._sheet.set_column(0, max(len(heads) - 1, 0), _WIDTH)
        self._sheet.freeze_panes(1, 0)
        self._row = 0

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write some rows."""
        for cells in rows:
            self._row += 1
            for place, cell in enumerate(cells):
                self._write(place, cell)

    def close(self) -> None:
        """Make the file whole."""
        self._book.close()

    def _write(self, place: int, cell: Cell) -> None:
        at = (self._row, place)
        if isinstance(cell, datetime):
            local = cell.astimezone(self._zone).replace(tzinfo=None)
            self._sheet.write_datetime(*at, local, self._time)
        elif isinstance(cell, Decimal):
            self._sheet.write_number(*at, float(cell), self._amount)
        elif isinstance(cell, int):
            self._sheet.write_number(*at, cell)
        elif cell is not None:
            self._sheet.write_string(*at, cell[:_LONGEST])
