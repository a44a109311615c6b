"""The issuer's clearing files: what its own books have moved on a day, written for the acquirer.

They know nothing of the acquirer. What is wrong with them, `ClearingFaults` says.
"""

import csv
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple
from zlib import crc32

from annul.domain.business_day import Calendar
from annul.domain.clearing import Effect
from annul.domain.fees import DEFAULT_FEE_RATES, FeeTable, returned
from annul.security.private import open_private
from annul.settle.clearing.layouts import LAYOUTS
from annul.settle.clearing.read import chunks, look_at
from annul.settle.clearing.rows import Chunk, ClearingRow
from annul.settle.clearing.write import line
from annul.sim.demo import card_type

from .books import KINDS, Books, Moved
from .clearing_faults import STRANGER, ClearingFault, ClearingFaults, Played, Told
from .entries import BookEntry, Key

CSV: Final = "CSV"
FORMS: Final = ("COMA", "COM", CSV)
_EFFECTS: Final[Mapping[tuple[str, bool], Effect]] = MappingProxyType(
    {
        ("take", False): Effect.TAKEN,
        ("take", True): Effect.REVERSED,
        ("give", False): Effect.GIVEN_BACK,
        ("give", True): Effect.RETURNED,
    }
)
_FEES: Final = FeeTable(DEFAULT_FEE_RATES)
_WELFARE: Final = "8398"  # the category of shops for which nobody charges anything
_CATEGORY: Final = slice(7, 11)  # of a shop's number
_KIND_WORDS: Final[Mapping[Effect, str]] = MappingProxyType(
    {Effect.REVERSED: " reversal", Effect.RETURNED: " reversal"}
)
# A file of tables: its heads, and what stands below each.
_COLUMNS: Final[Mapping[str, Callable[[ClearingRow], object]]] = MappingProxyType(
    {
        "商户号": lambda row: row.merchant_id,
        "终端号": lambda row: row.terminal_id,
        "流水号": lambda row: row.trace,
        "检索参考号": lambda row: row.rrn,
        "授权码": lambda row: row.auth_code,
        "卡号": lambda row: row.card,
        "交易类型": lambda row: row.kind + _KIND_WORDS.get(Effect(row.effect), ""),
        "交易金额(分)": lambda row: row.amount,
        "币种": lambda row: row.currency,
        "手续费": lambda row: row.fee,
        "交易时间": lambda row: row.sent_at,
        "原流水号": lambda row: row.original_trace,
    }
)
_NAMES: Final = {"COM": "IND{day:%y%m%d}01ACOMN", "COMA": "IND{day:%y%m%d}01COMA", CSV: "{day}.csv"}


class ClearingFile(NamedTuple):
    """A file as it leaves the issuer: so many days late, and with what is wrong with it."""

    name: str
    day: date
    form: str
    content: bytes
    late: int
    played: tuple[Played, ...]

    def put(self, folder: Path) -> str:
        """Write it for its owner alone: card numbers stand in it. Gives its name."""
        whole, part = folder / self.name, folder / f".{self.name}"
        with os.fdopen(open_private(part, os.O_TRUNC), "wb") as opened:
            opened.write(self.content)
        part.replace(whole)
        return self.name


class ClearingFiles:
    """Writes the files of one issuer, whose `name` stands before theirs."""

    def __init__(self, books: Books, calendar: Calendar, seed: int, name: str = "") -> None:
        self._books = books
        self._calendar = calendar
        self._name = name
        self.faults = ClearingFaults(seed)

    def of(self, day: date, form: str = "COMA", turn: int = 0) -> list[ClearingFile]:
        """Give the files of a day; none if nothing was moved. Another `turn` has other faults.

        Raises `RowUnfit` where the layout cannot say what was booked.
        """
        drawn = f"{self._name} {day} {form} {turn}"
        played: list[Played] = []
        rows = [
            row._replace(line=number)
            for number, row in enumerate(
                self.faults.changed(drawn, self._told(day), played), 2 if form == CSV else 1
            )
        ]
        if not rows:
            return []
        wrong = self.faults.of_file(drawn, played)
        content = _table(rows) if form == CSV else _lines(form, rows)
        if ClearingFault.CUT_OFF in wrong:
            whole = len(content)
            content = content[: self.faults.random(drawn, "cut").randrange(whole // 2, whole)]
        name = self._named(day, form, turn)
        late = int(ClearingFault.LATE in wrong)
        file = ClearingFile(name, day, form, content, late, tuple(played))
        again = [file._replace(name=f"{name}.again")] if ClearingFault.AGAIN in wrong else []
        return [file, *again]

    def strangers(self, day: date, form: str = "COMA") -> ClearingFile:
        """Give a file of a day on which no shop of the acquirer's has sold anything."""
        row = ClearingRow(
            line=2 if form == CSV else 1,
            **STRANGER,
            trace="000001",
            rrn=f"{crc32(f'{self._name}{day}'.encode()):012}",  # of each issuer another one
            effect=Effect.TAKEN,
            kind="sale",
            amount=1,
            fee=0,
            sent_at=f"{day:%m%d}120000",
            settles_on=day,
        )
        content = _table([row]) if form == CSV else _lines(form, [row])
        return ClearingFile(self._named(day, form), day, form, content, 0, ())

    def _named(self, day: date, form: str, turn: int = 0) -> str:
        name = f"{self._name}{_NAMES[form].format(day=day)}"
        return f"{name}.{turn}" if turn else name

    def _told(self, day: date) -> Iterator[Told]:
        """Give the rows of a good file, and of what was refused those that it has not."""
        charged = _Charges(self._books)
        for one in self._books.history():
            fee = charged.of(one)
            effect = _EFFECTS.get((KINDS[one.entry.kind].effect, one.back))
            if effect is None or self._calendar.business_date(one.at) != day:
                continue
            told = Told(_row(one, effect, fee, day), one.entry, one.back, one.entry.booked)
            yield told
            if one.entry.booked and one.entry.times > 1:
                second = told.row._replace(auth_code=one.entry.second_code)
                yield told._replace(row=second)


class _Charges:
    """What issuer and scheme charge for each, in order: what goes back takes its share along."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._gone: dict[Key, int] = {}  # by the original: how much of it went back

    def of(self, one: Moved) -> int:
        """Give what is charged for a movement, in minor units; below zero what is returned."""
        entry = one.entry
        if not entry.booked or entry.reversed:
            return 0  # of what was taken back nothing is charged
        if KINDS[entry.kind].effect == "take":
            return _charge(entry)
        original = self._books.entries.get(entry.original) if entry.original else None
        if KINDS[entry.kind].effect != "give" or original is None:
            return 0
        before = self._gone.get(original.key, 0)
        part = min(entry.amount, original.amount - before)
        self._gone[original.key] = before + part
        return -returned(_charge(original), original.amount, before, part)


def _charge(entry: BookEntry) -> int:
    pricing = "welfare" if entry.merchant[_CATEGORY] == _WELFARE else "standard"
    fee = _FEES.charge(pricing, card_type(entry.pan), entry.amount, entry.at.date())
    return fee.issuer + fee.network


def _row(one: Moved, effect: Effect, fee: int, day: date) -> ClearingRow:
    entry = one.entry
    return ClearingRow(
        line=0,
        merchant_id=entry.merchant,
        terminal_id=entry.terminal,
        trace=entry.key.trace,
        rrn=entry.rrn,
        auth_code=entry.auth_code,
        card=entry.pan,
        effect=effect,
        kind=entry.kind,
        amount=entry.amount if entry.booked else entry.asked,
        fee=fee,
        sent_at=entry.key.time,
        settles_on=day,
        original_trace=entry.original.trace if entry.original else "",
        code=entry.code if entry.booked else "00",
        undone="R" if entry.reversed and not one.back else "",
    )


def _lines(form: str, rows: Iterable[ClearingRow]) -> bytes:
    layout = LAYOUTS[form]
    return b"".join(line(layout, row) + b"\r\n" for row in rows)


def _table(rows: Iterable[ClearingRow]) -> bytes:
    text = StringIO()
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    for row in rows:
        table.writerow([said(row) for said in _COLUMNS.values()])
    return text.getvalue().encode()


class Delivery:
    """Puts the files of each day that has ended into a folder, late ones a day later."""

    def __init__(self, files: ClearingFiles, folder: Path, form: str, began: date) -> None:
        self.files = files
        self._folder = folder
        self._form = form
        self._next = began
        self._late: list[ClearingFile] = []

    def come_round(self, today: date) -> list[str]:
        """Write what is due on a business day; gives the names."""
        due = [file for file in self._late if file.day + timedelta(days=file.late) < today]
        self._late = [file for file in self._late if file not in due]
        while self._next < today:
            for file in self.files.of(self._next, self._form):
                late = file.day + timedelta(days=file.late) >= today
                (self._late if late else due).append(file)
            self._next += timedelta(days=1)
        return [file.put(self._folder) for file in due]

    def write(self, day: date, turn: int = 0) -> list[str]:
        """Write the files of a day at once, whether it has ended or not; gives the names."""
        return [file.put(self._folder) for file in self.files.of(day, self._form, turn)]


async def pieces(file: ClearingFile) -> AsyncIterator[Chunk]:
    """Give a file's rows as they are read."""
    stream = BytesIO(file.content)
    form = look_at(stream).columns if file.form == CSV else file.form
    stream.seek(0)
    for chunk in chunks(stream, form, file.day):
        yield chunk
