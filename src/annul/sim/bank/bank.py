"""The bank at its two folders: what it takes of one, and what it puts into the other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from .answers import csv_notices, csv_report, mt940, notices, statement, status_report
from .books import Books
from .orders import Taken, take

ANSWERS: Final = ("pain.002", "camt.054", "camt.053", "MT940", "CSV")
TAKEN: Final = "taken"  # the folder, in that of the orders, to which those that were read go
BOOKS: Final = ".bank.json"  # in the folder of the answers
# What tells it, the name and the ending of its file, and what writes it.
_Writer: TypeAlias = tuple[str, str, Callable[..., bytes]]
_REPORTS: Final[Mapping[str, _Writer]] = MappingProxyType(
    {"pain.001": ("pain002", "xml", status_report), "CSV": ("answers", "csv", csv_report)}
)
_NOTICES: Final[Mapping[str, _Writer]] = MappingProxyType(
    {"camt.054": ("camt054", "xml", notices), "CSV": ("bookings", "csv", csv_notices)}
)
_STATEMENTS: Final[Mapping[str, _Writer]] = MappingProxyType(
    {"camt.053": ("camt053", "xml", statement), "MT940": ("mt940", "sta", mt940)}
)


@dataclass(frozen=True, slots=True)
class Habits:
    """How this bank answers.

    `twice`: each statement is sent a second time, under another name. `returns_first`: a payment
    that comes back is told after its return.
    """

    answers: tuple[str, ...] = ANSWERS[:3]
    twice: bool = False
    returns_first: bool = False


class Bank:
    """A bank with its books; `come_round` is its day."""

    def __init__(self, orders: Path, answers: Path, habits: Habits | None = None) -> None:
        self._orders = orders
        self._answers = answers
        self._habits = habits or Habits()
        self._file = answers / BOOKS
        self.books = Books.load(self._file)

    def come_round(self, today: date) -> list[str]:
        """Take what lies there, book what is due, tell it; give the names of the files it sent.

        Killed in the middle it repeats what it has said, and forgets nothing that it has booked.
        """
        sent: list[str] = []
        for file in sorted(self._orders.glob("[!.]*")):
            if file.is_file():
                sent += self._take(file, today)
        sent += self._notices(today)
        return sent + self._statements(today)

    def _take(self, file: Path, today: date) -> list[str]:
        taken = take(file.read_bytes())
        refused = "DU01" if taken.message in self.books.orders else taken.refused
        if not refused:
            self.books.enter(taken, today)
        sent = self._status(today, taken, refused)
        self.books.save(self._file)
        kept = self._orders / TAKEN
        kept.mkdir(exist_ok=True)
        file.replace(kept / f"{self.books.files:06}-{file.name}")
        return sent

    def _status(self, today: date, taken: Taken, refused: str) -> list[str]:
        if taken.format == "pain.001" and "pain.002" not in self._habits.answers:
            return []
        return [self._send(_REPORTS[taken.format], today.isoformat(), taken, refused)]

    def _notices(self, today: date) -> list[str]:
        due = self.books.due(today, returns_first=self._habits.returns_first)
        writers = [_NOTICES[name] for name in self._habits.answers if name in _NOTICES and due]
        sent = [self._send(writer, today.isoformat(), due) for writer in writers]
        for each in due:
            each.told = True
        self.books.save(self._file)
        return sent

    def _statements(self, today: date) -> list[str]:
        """Give a statement of each day that is over and had a booking, in order."""
        over = (today - timedelta(days=1)).isoformat()
        days = {each.day for each in self.books.bookings if self.books.stated < each.day <= over}
        writers = [_STATEMENTS[name] for name in self._habits.answers if name in _STATEMENTS]
        times = 2 if self._habits.twice else 1
        sent = [
            self._send(writer, day, self.books)
            for day in sorted(days)
            for writer in writers
            for _ in range(times)
        ]
        self.books.stated = max(days, default=self.books.stated)
        self.books.save(self._file)
        return sent

    def _send(self, writer: _Writer, *told: object) -> str:
        """Put a file in its place at once: who looks there never sees a part of it."""
        stem, ending, write = writer
        self.books.files += 1
        name = f"{self.books.files:06}-{stem}.{ending}"
        beside = self._answers / f".{name}.part"
        beside.write_bytes(write(self.books.files, *told))
        beside.replace(self._answers / name)
        return name
