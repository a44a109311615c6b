"""What this host was told is written, kept outside of the database that may forget it.

A standby that follows at a distance lacks, once it is promoted, the last that the first confirmed;
a backup that was restored lacks more. Its rows can not tell. So each host keeps a line for each
transaction that it opened and for each outcome, once the database has confirmed it. A line outlives
the process as soon as it is added, and the machine once it is `kept`. It takes no part in a commit,
so that nothing waits for it. Lines hold no card data.
"""

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from annul.domain.records import Transaction
from annul.domain.states import State

FOLDER: Final = "witness"
_NOW, _BEFORE, _PLACE = "told.log", "told.before.log", "place"
_SIZE: Final = 32 << 20  # bytes of one file; there are two, some 400,000 transactions in all
_OPENED: Final = 12  # columns of a line
_CONCLUDED: Final = 4


class Told(NamedTuple):
    """One transaction as the database last confirmed it; of one opened long ago only the outcome.

    `amount` in minor units.
    """

    id: UUID
    merchant_id: str
    at: datetime
    state: State
    terminal_id: str = ""
    batch: str = ""
    trace: str = ""
    rrn: str = ""
    kind: str = ""
    amount: int = 0
    currency: str = ""
    origin: str = ""


class Witness:
    """Adds lines to the file of a host; the caller holds the lock of its data folder."""

    def __init__(self, folder: Path, size: int = _SIZE) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._size = size
        self._file = self._opened_file()
        self._written = os.fstat(self._file).st_size
        self._kept = 0
        if self._written:
            self._add("")  # the end of the last process may have cut its line short

    def opened(self, transactions: Iterable[Transaction]) -> None:
        """Keep what was opened."""
        self._add(
            "".join(
                f"{one.id}\t{one.merchant_id}\t{one.received_at.isoformat()}\t{one.state}"
                f"\t{one.terminal_id}\t{one.batch}\t{one.trace}\t{one.rrn}\t{one.kind}"
                f"\t{one.amount}\t{one.currency}\t{one.origin}\n"
                for one in transactions
            )
        )

    def concluded(self, outcomes: Iterable[tuple[UUID, str, datetime, str]]) -> None:
        """Keep what became of some: id, merchant, time and state."""
        self._add(
            "".join(
                f"{identity}\t{merchant_id}\t{at.isoformat()}\t{state}\n"
                for identity, merchant_id, at, state in outcomes
            )
        )

    def keep(self) -> None:
        """Have what was added outlive the machine; waits for the disk."""
        if self._kept != self._written:
            self._kept = self._written
            os.fdatasync(self._file)

    @property
    def place(self) -> str:
        """Which server and history the lines were compared with last, empty if none."""
        try:
            return (self.folder / _PLACE).read_text(encoding="ascii")
        except FileNotFoundError:
            return ""

    @place.setter
    def place(self, place: str) -> None:
        partial = self.folder / f"{_PLACE}.new"
        partial.write_text(place, encoding="ascii")
        partial.replace(self.folder / _PLACE)

    def close(self) -> None:
        """Close the file."""
        self.keep()
        os.close(self._file)

    def _add(self, lines: str) -> None:
        self._written += os.write(self._file, lines.encode() or b"\n")
        if self._written >= self._size:
            os.close(self._file)
            (self.folder / _NOW).replace(self.folder / _BEFORE)
            self._file, self._written, self._kept = self._opened_file(), 0, 0

    def _opened_file(self) -> int:
        return os.open(self.folder / _NOW, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def told(folder: Path) -> dict[UUID, Told]:
    """Read what a host was told; what was cut short, or is no line of ours, is left out."""
    found: dict[UUID, Told] = {}
    for name in (_BEFORE, _NOW):
        try:
            with (folder / name).open(encoding="utf-8", errors="replace") as file:
                for line in file:
                    _take(line, found)
        except FileNotFoundError:
            continue
    return found


def _take(line: str, found: dict[UUID, Told]) -> None:
    columns = line.rstrip("\n").split("\t")
    if len(columns) not in {_OPENED, _CONCLUDED}:
        return
    try:
        identity, at, state = (
            UUID(columns[0]),
            datetime.fromisoformat(columns[2]),
            State(columns[3]),
        )
        if len(columns) == _OPENED:
            terminal, batch, trace, rrn, kind, amount, currency, origin = columns[4:]
            found[identity] = Told(
                *(identity, columns[1], at, state),
                *(terminal, batch, trace, rrn, kind, int(amount), currency, origin),
            )
            return
    except ValueError:
        return
    before = found.get(identity)
    if before is None:
        found[identity] = Told(identity, columns[1], at, state)
    else:
        found[identity] = before._replace(at=at, state=state)
