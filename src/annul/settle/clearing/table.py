"""Tables as rows: CSV line by line at any size, a spreadsheet from memory."""

import csv
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Final, NamedTuple

from python_calamine import CalamineError, CalamineWorkbook

from annul.domain.clearing import Effect
from annul.domain.text import Text
from annul.wire.masking import mask_pan, scan, scan_numbers

from . import cells
from .cells import Cell, CellUnfit
from .columns import ENCODINGS, ColumnMap, guess, missing, recognised
from .rows import BadLine, Chunk, ClearingRow, ClearingUnreadable, bad
from .sums import TOTALS, Sums

SHEET_BYTES: Final = 512 * 1024 * 1024  # of a spreadsheet as it is unpacked into memory
_BOM: Final = b"\xef\xbb\xbf"
_DELIMITERS: Final = ",\t;|"
_LOOKED_AT: Final = 40  # lines in which heads are looked for
_SAMPLES: Final = 20
# The first cell of lines that are no rows: sums, and remarks.
_PASSED: Final = (*TOTALS, "小计", "#")
_LONG: Final = re.compile(r"\d{13,}")  # as many digits as a card has, or more
_CODES: Final = ("merchant_id", "terminal_id", "trace", "rrn", "auth_code", "code")
_UNDONE: Final = {"": "", "R": "R", "C": "C", "冲正": "R", "撤销": "C"}


class Look(NamedTuple):
    """What a table looks like: its heads, some lines with cards masked, and the guessed map."""

    headers: list[str]
    samples: list[list[str]]
    columns: ColumnMap


class Reader:
    """Reads the lines of one table; raises `ClearingUnreadable` where its map does not fit it."""

    def __init__(self, columns: ColumnMap, headers: Sequence[Cell]) -> None:
        self._map = columns
        heads = [str(head or "").strip() for head in headers]
        absent = [head for head in columns.columns.values() if heads.count(head) != 1]
        if absent:
            message = f"line {columns.head}: it has not one column each of {', '.join(absent)}"
            raise ClearingUnreadable(message)
        self._width = len(heads)
        self._at = {name: heads.index(head) for name, head in columns.columns.items()}
        self._sums = Sums()

    def read(self, lines: Iterable[tuple[int, Sequence[Cell] | BadLine]]) -> Chunk:
        """Read numbered lines; the chunk's bytes are not counted."""
        chunk = Chunk([], [], 0)
        passed = 0
        for number, line in lines:
            if isinstance(line, BadLine):
                self._sums.unsure = True
                chunk.bad.append(line)
                continue
            if _is_passed(line):
                passed += 1
                wrong = self._sums.differs(
                    line, self._at["amount"], self._map.currency, self._map.unit
                )
                if wrong is not None:
                    chunk.bad.append(bad(number, wrong, _shown(line))._replace(of_all=True))
                continue
            row = self._row(number, line)
            if isinstance(row, Text):
                self._sums.unsure = True
                chunk.bad.append(bad(number, row, _shown(line)))
            elif row is None:
                passed += 1
            else:
                chunk.rows.append(row)
        return chunk._replace(passed=passed)

    def _row(self, number: int, line: Sequence[Cell]) -> ClearingRow | Text | None:
        if len(line) < self._width or any(line[self._width :]):
            zh = f"应有{self._width}列, 实有{len(line)}"
            return Text(zh, f"it has {len(line)} cells where there are {self._width} heads")
        at = self._at
        column = "amount"  # the one that is being read, for what is said when it fails
        given: dict[str, Cell] = {name: line[place] for name, place in at.items()}
        try:
            column = "currency"
            currency = cells.money(given.get("currency"), self._map.currency)
            column = "amount"
            amount = self._amount(given["amount"], currency)
            column = "kind" if "kind" in at else "amount"
            kind, effect = self._meaning(given, amount)
            back = effect in (Effect.GIVEN_BACK, Effect.REVERSED)
            self._sums.add(amount, currency, back=back, counts=effect is not None)
            if effect is None:
                return None
            said: dict[str, str] = {}
            for column in (*_CODES, "original_trace"):
                said[column] = cells.code(given[column], column) if column in at else ""
            column = "card"
            card = cells.card(given.get("card"))
            column = "fee"
            fee = self._fee(given.get("fee"), currency)
            column = "sent_at"
            sent_at = cells.moment(
                given.get("sent_at"), given.get("sent_on"), self._map.dates
            ) or cells.moment(given.get("sent_on"), None, self._map.dates)
            column = "settles_on"
            settles_on = cells.day(given.get("settles_on"), self._map.dates)
            column = "original_at"
            original_at = cells.moment(given.get("original_at"), None, self._map.dates)
            column = "undone"
            undone = _undone(given.get("undone"))
        except CellUnfit as error:
            head = self._map.columns.get(column, column)
            return Text(f"{head}: {error.said.zh}", f"{head}: expected {error.said.en}")
        return ClearingRow(
            line=number,
            card=card,
            effect=effect,
            kind=kind,
            amount=abs(amount),
            currency=currency,
            fee=fee,
            sent_at=sent_at,
            settles_on=settles_on,
            original_at=original_at,
            undone=undone,
            **said,
        )

    def _amount(self, cell: Cell, currency: str) -> int:
        amount = cells.amount(cell, currency, self._map.unit)
        if not amount:
            raise CellUnfit(Text("金额不可为零", "an amount that is not zero"))
        if amount < 0 and self._map.negative == "refused":
            raise CellUnfit(Text("金额不可为负", "an amount that is not negative"))
        return amount

    def _fee(self, cell: Cell, currency: str) -> int | None:
        if cell in (None, ""):
            return None
        return cells.amount(cell, currency, self._map.unit) * self._map.fee_sign

    def _meaning(self, given: Mapping[str, Cell], amount: int) -> tuple[str, Effect | None]:
        """Give kind and effect by their word, else by the sign; raises `CellUnfit`."""
        negative = amount < 0
        if "kind" not in given:
            return "", Effect.GIVEN_BACK if negative else Effect.TAKEN
        meaning = self._map.meaning(cells.text(given["kind"]))
        if meaning is None:
            raise CellUnfit(Text("已定义含义的交易类型", "a word of which a meaning is declared"))
        if negative and meaning.effect in (Effect.TAKEN, Effect.RETURNED):
            raise CellUnfit(Text("扣款金额不可为负", "of what is taken no negative amount"))
        return meaning


def _undone(cell: Cell) -> str:
    found = _UNDONE.get(cells.text(cell).upper())
    if found is None:
        raise CellUnfit(Text("R、C或空", "R, C or nothing"))
    return found


def _is_passed(line: Sequence[Cell]) -> bool:
    first = next((cell for cell in line if cell not in (None, "")), None)
    if first is None or (isinstance(first, str) and not first.strip()):
        return not any(str(cell or "").strip() for cell in line)
    return isinstance(first, str) and first.strip().lower().startswith(_PASSED)


def _shown(line: Sequence[Cell]) -> str:
    return ", ".join("" if cell is None else str(cell) for cell in line[:50])


def split(raw: bytes, number: int, columns: ColumnMap) -> list[str] | BadLine:
    """Take a line of a CSV file apart; no cell goes on in the next one."""
    for encoding in (columns.encoding, *ENCODINGS):
        try:
            line = raw.decode(encoding).rstrip("\r")
            break
        except UnicodeDecodeError:
            continue
    else:
        reason = Text("既非UTF-8也非GB18030文本", "it is text in neither UTF-8 nor GB18030")
        return bad(number, reason, raw[:400].decode("latin-1"))
    try:
        if "\0" not in line:
            return next(csv.reader((line,), delimiter=columns.delimiter, strict=True), [])
        reason = Text("含有空字节", "it holds zero bytes")
    except csv.Error:
        reason = Text("引号未闭合或位置有误", "a quote is not closed, or stands within a cell")
    return bad(number, reason, line[:400])


def sheet(content: bytes) -> list[list[Cell]]:
    """Give all lines of a workbook's first sheet; raises `ClearingUnreadable`."""
    try:
        if zipfile.is_zipfile(BytesIO(content)):
            with zipfile.ZipFile(BytesIO(content)) as packed:
                if sum(part.file_size for part in packed.infolist()) > SHEET_BYTES:
                    message = f"it unpacks to more than {SHEET_BYTES // 1024 // 1024} MiB: use CSV"
                    raise ClearingUnreadable(message)
        book = CalamineWorkbook.from_filelike(BytesIO(content))
        return [list(line) for line in book.get_sheet_by_index(0).iter_rows()]  # pyright: ignore[reportReturnType]
    except (CalamineError, zipfile.BadZipFile, IndexError):
        message = "it is no workbook that can be opened, or it has a password or no sheet"
        raise ClearingUnreadable(message) from None


def _shown_samples(
    heads: Sequence[Cell], guessed: ColumnMap, samples: Sequence[Sequence[Cell]]
) -> list[list[str]]:
    """Mask cards in samples: in a card's column whatever is as long as one.

    A column that is taken for something else has numbers of its own, as a merchant's 15 digits.
    """
    meanings = {head: name for name, head in guessed.columns.items()}
    of_column = [meanings.get(str(head or "").strip(), "") for head in heads]
    return [
        [
            _shown_cell("" if cell is None else str(cell), meaning)
            for cell, meaning in zip(row, [*of_column, *[""] * len(row)], strict=False)
        ]
        for row in samples
    ]


def _shown_cell(text: str, meaning: str) -> str:
    if meaning == "card":
        return _LONG.sub(lambda found: mask_pan(found[0]), scan(text))
    return (scan_numbers if meaning else scan)(text)


def look(lines: Sequence[bytes] | Sequence[Sequence[Cell]]) -> Look:
    """Find the heads among the first lines, of a CSV file as bytes, and guess what they mean."""
    best = Look([], [], ColumnMap({}))
    most = 0
    for columns, table in _ways(lines[:_LOOKED_AT]):
        for at, line in enumerate(table):
            known = recognised(line)
            if known > most:
                most = known
                samples = [list(one) for one in table[at + 1 : at + 1 + _SAMPLES]]
                found = guess(line, samples)
                best = Look(
                    [str(head or "").strip() for head in line],
                    _shown_samples(line, found, samples),
                    ColumnMap(
                        found.columns,
                        unit=found.unit,
                        head=at + 1,
                        delimiter=columns.delimiter,
                        encoding=columns.encoding,
                    ),
                )
    return best


def _ways(
    lines: Sequence[bytes] | Sequence[Sequence[Cell]],
) -> Iterator[tuple[ColumnMap, list[Sequence[Cell]]]]:
    """Give lines taken apart in each way that a file may mean; bad ones have no cells."""
    raw = [line for line in lines if isinstance(line, bytes)]
    if len(raw) < len(lines):
        yield ColumnMap({}), [line for line in lines if not isinstance(line, bytes)]
        return
    whole = b"\n".join(raw)
    encoding = next((one for one in ENCODINGS if _decodes(whole, one)), ENCODINGS[0])
    for delimiter in _DELIMITERS:
        way = ColumnMap({}, delimiter=delimiter, encoding=encoding)
        taken = (split(line.removeprefix(_BOM), at, way) for at, line in enumerate(raw, 1))
        yield way, [[] if isinstance(cells_, BadLine) else cells_ for cells_ in taken]


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        # The block may end within a character.
        return error.start >= len(content) - 3
    return True


def reader(columns: ColumnMap) -> Callable[[Sequence[Cell]], Reader]:
    """Give what makes a reader of a line of heads; raises `ClearingUnreadable` if it cannot yet."""
    if lacking := missing(columns):
        message = f"not declared yet: {'; '.join(text.en for text in lacking)}"
        raise ClearingUnreadable(message)
    return lambda headers: Reader(columns, headers)
