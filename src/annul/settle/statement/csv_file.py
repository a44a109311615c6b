"""A statement as CSV: each line begins with the name of its table, which has its heads first."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO, Final

from annul.domain.money import show
from annul.domain.spreadsheet import BOM, line
from annul.domain.text import Text

from .model import Statement
from .sections import LINES, Amount, Cell, Column, Spoken, sections

_LINES: Final = "transactions"


class CsvFile:
    """Written line by line into a file that is open for bytes."""

    def __init__(self, file: IO[bytes], statement: Statement, spoken: Spoken) -> None:
        self._file = file
        self._spoken = spoken
        file.write(BOM.encode())
        for section in sections(statement):
            self._heads(section.name, section.columns)
            self._rows(section.name, section.rows)
        self._heads(_LINES, LINES)

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write some transactions."""
        self._rows(_LINES, rows)

    def close(self) -> None:
        """Do nothing: each line is whole."""

    def drop(self) -> None:
        """Do nothing: nothing lies anywhere else."""

    def _heads(self, name: str, columns: Iterable[Column]) -> None:
        self._rows(name, [[column.head for column in columns]])

    def _rows(self, name: str, rows: Iterable[Sequence[Cell]]) -> None:
        text = "".join(line((name, *map(self._plain, row))) for row in rows)
        self._file.write(text.encode())

    def _plain(self, cell: Cell) -> str:
        """Write a value: times as ISO 8601 in the zone, amounts with a point."""
        match cell:
            case None:
                return ""
            case Text():
                return cell.speak(self._spoken.language)
            case Amount():
                return show(cell.minor, cell.currency)
            case datetime():
                return cell.astimezone(self._spoken.zone).isoformat(timespec="seconds")
            case _:
                return str(cell)
