"""A clearing file, chunk by chunk, whatever its layout: known by what it holds, then by its name.

Lines of fixed positions and CSV are read at any size with the memory of a chunk. A spreadsheet and
a camt.053 are held in memory whole, and so have a limit.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from annul.domain.text import Text

from .camt import read_camt
from .cells import Cell
from .columns import ColumnMap
from .fields import Layout
from .fixed import known, read_lines
from .layouts import LAYOUTS
from .rows import BadLine, Chunk, ClearingRow, ClearingUnreadable, bad
from .table import Look, Reader, look, reader, sheet, split

CSV, XLSX, CAMT = "csv", "xlsx", "camt"
FORMS: Final = (*LAYOUTS, CSV, XLSX, CAMT)
LINES: Final = 10_000  # of a chunk
HEAD: Final = 65_536  # bytes by which a file is recognised
_BLOCK: Final = 1024 * 1024
_LONGEST: Final = 64 * 1024  # bytes of a line
_LARGEST: Final = 512 * 1024 * 1024  # bytes of a file that is held in memory
_BOM: Final = b"\xef\xbb\xbf"
_BOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # of a new and of an old spreadsheet
_XML: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_TRIED: Final = 20  # lines by which a layout is recognised
_TOO_LONG: Final = Text(
    f"行超过{_LONGEST}字节, 未读取", f"it has more than {_LONGEST} bytes, which no line has"
)


def recognise(first: bytes, name: str) -> str:
    """Say which of `FORMS` a file has, by its `first` bytes (up to `HEAD`) and its name.

    Raises `ClearingUnreadable` where it is none: empty, or not text.
    """
    if not first.strip():
        message = "it is empty"
        raise ClearingUnreadable(message)
    if first.startswith(_BOOKS):
        return XLSX
    if _XML.match(first):
        return CAMT
    if first.startswith(_UTF16):
        message = "it is text in UTF-16: save it as UTF-8 or GB18030"
        raise ClearingUnreadable(message)
    lines = first.removeprefix(_BOM).decode("latin-1").split("\n")[:_TRIED]
    for layout in LAYOUTS.values():
        if any(known(layout, line) for line in lines):
            return layout.name
    if b"\0" in first:
        message = "it is no text, and no file that is known"
        raise ClearingUnreadable(message)
    return _named(name) or CSV


def _named(name: str) -> str:
    """Give the layout that a file's name speaks of; the longest such pattern is meant."""
    base = re.split(r"[/\\]", name)[-1].upper()
    found = [layout for layout in LAYOUTS.values() if re.search(layout.files, base)]
    return max(found, key=lambda layout: len(layout.files)).name if found else ""


def look_at(stream: BinaryIO) -> Look:
    """Read the first lines of a table, CSV or spreadsheet, and guess what its columns mean."""
    first = stream.read(HEAD)
    if first.startswith(_BOOKS):
        return look(sheet(_whole(first, stream)))
    return look(first.split(b"\n"))


def chunks(stream: BinaryIO, form: str | ColumnMap, today: date) -> Iterator[Chunk]:
    """Read a file: a layout or `camt` by its name, a table by its map; `today` gives years.

    Raises `ClearingUnreadable` where nothing of it can be read; a line that cannot is a `BadLine`.
    """
    first = stream.read(_BLOCK)
    if not first.strip() and not stream.read(1).strip():
        message = "it is empty"
        raise ClearingUnreadable(message)
    if isinstance(form, ColumnMap):
        if first.startswith(_BOOKS):
            return _of_sheet(_whole(first, stream), form)
        return _of_csv(_blocks(first, stream), form)
    if form == CAMT:
        return _of_camt(_whole(first, stream))
    if form not in LAYOUTS:
        message = f"{form}: a table is read by a map of its columns, else one of {', '.join(FORMS)}"
        raise ClearingUnreadable(message)
    return _of_lines(_blocks(first, stream), LAYOUTS[form], today)


def _blocks(first: bytes, stream: BinaryIO) -> Iterator[bytes]:
    yield first
    while block := stream.read(_BLOCK):
        yield block


def _whole(first: bytes, stream: BinaryIO) -> bytes:
    content = first + stream.read(_LARGEST)
    if len(content) > _LARGEST:
        message = f"it has more than {_LARGEST // 1024 // 1024} MiB: use lines or CSV"
        raise ClearingUnreadable(message)
    return content


class _Lines(NamedTuple):
    """Lines in their order without their ends, and how many bytes of the file they took."""

    lines: list[bytes]
    bytes: int


def _lines(blocks: Iterable[bytes]) -> Iterator[_Lines]:
    """Give the lines of a file, at most `LINES` at once.

    Of a line that is too long only the beginning is kept, which is longer than any that is read.
    """
    ready: list[bytes] = []
    rest = b""
    cut = 0  # bytes of long lines that were not kept
    for at, block in enumerate(blocks):
        if at == 0 and block.startswith(_BOM):
            block, cut = block[len(_BOM) :], len(_BOM)  # noqa: PLW2901
        head, *more = block.split(b"\n")
        rest, lost = _kept(rest + head)
        cut += lost
        if more:
            ready.append(rest)
            ready += more[:-1]
            rest, lost = _kept(more[-1])
            cut += lost
        while len(ready) >= LINES:
            yield _Lines(ready[:LINES], sum(map(len, ready[:LINES])) + LINES + cut)
            ready, cut = ready[LINES:], 0
    if ready or rest:
        ends = len(ready)
        ready += [rest] if rest else []
        yield _Lines(ready, sum(map(len, ready)) + ends + cut)


def _kept(line: bytes) -> tuple[bytes, int]:
    return line[: _LONGEST + 1], max(len(line) - _LONGEST - 1, 0)


def _of_lines(blocks: Iterable[bytes], layout: Layout, today: date) -> Iterator[Chunk]:
    first = 1
    for lines, size in _lines(blocks):
        # One decoding of all is cheaper than one each; the end of a line stands in none.
        text = b"\n".join(lines).decode("latin-1").split("\n")
        chunk = read_lines(layout, text, first, today)._replace(bytes=size)
        if first == 1 and chunk.bad and not chunk.rows:
            raise _nothing(chunk.bad[0], layout.name)
        first += len(lines)
        yield chunk


def _of_csv(blocks: Iterable[bytes], columns: ColumnMap) -> Iterator[Chunk]:
    make = reader(columns)
    table: Reader | None = None
    first = 1
    for lines, size in _lines(blocks):
        numbered = enumerate(
            (_cells(line, at, columns) for at, line in enumerate(lines, first)), first
        )
        if table is None:
            table = make(_heads(numbered, columns.head))
        chunk = table.read(numbered)._replace(bytes=size)
        if first == 1 and chunk.bad and not chunk.rows:
            raise _nothing(chunk.bad[0], "its map")
        first += len(lines)
        yield chunk


def _cells(line: bytes, number: int, columns: ColumnMap) -> Sequence[Cell] | BadLine:
    if len(line) > _LONGEST:
        return bad(number, _TOO_LONG, line[:400].decode("latin-1"))
    return split(line, number, columns)


def _heads(numbered: Iterator[tuple[int, Sequence[Cell] | BadLine]], head: int) -> Sequence[Cell]:
    """Take the lines up to that of the heads, and give these; raises `ClearingUnreadable`."""
    for number, line in numbered:
        if number == head and not isinstance(line, BadLine):
            return line
        if number >= head:
            break
    message = f"line {head} has no heads of columns"
    raise ClearingUnreadable(message)


def _of_sheet(content: bytes, columns: ColumnMap) -> Iterator[Chunk]:
    numbered: Iterator[tuple[int, Sequence[Cell] | BadLine]]
    make = reader(columns)
    numbered = enumerate(sheet(content), 1)
    table = make(_heads(numbered, columns.head))
    left = len(content)  # told with the first chunk: all has been read by then
    while lines := list(islice(numbered, LINES)):
        chunk = table.read(lines)._replace(bytes=left)
        if left and chunk.bad and not chunk.rows:
            raise _nothing(chunk.bad[0], "its map")
        left = 0
        yield chunk


def _of_camt(content: bytes) -> Iterator[Chunk]:
    left = len(content)
    entries = read_camt(content)
    while found := list(islice(entries, LINES)):
        rows = [one for one in found if isinstance(one, ClearingRow)]
        failed = [one for one in found if isinstance(one, BadLine)]
        yield Chunk(rows, failed, left, len(found) - len(rows) - len(failed))
        left = 0


def _nothing(first: BadLine, what: str) -> ClearingUnreadable:
    """Say that all that was read is bad: the whole file is something else than it is taken for."""
    message = f"none of its lines can be read by {what}; line {first.line}: {first.reason.en}"
    return ClearingUnreadable(message)
