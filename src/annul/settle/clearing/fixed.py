"""Lines of fixed positions as rows: one regular expression per layout checks and takes apart.

Text is the file's bytes as Latin-1, a character each: names in GBK keep all positions. Reading one
row costs a match, a look-up of its meaning and a tuple; only a line that fails is looked at field
by field, to say which one it is.
"""

import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from annul.domain.text import Text

from .fields import SLOTS, Field, Layout
from .rows import BadLine, Chunk, ClearingRow, bad

_FLAGS: Final = re.ASCII | re.DOTALL
# No rows: blank lines, and the mark with which old systems end a file.
_PASSED: Final = re.compile(r"[ \t\r\x1a]*", _FLAGS)
_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LEAP: Final = "0229"  # the one date that a layout accepts and a year may not have
_DIGIT: Final = re.compile(r"\d", re.ASCII)
_MOVED: Final = 40  # bytes
_KEPT: Final = 100_000  # different fees that are remembered
_Days: TypeAlias = dict[str | None, date | None]


class _Fees(dict[str | None, int]):
    """What a fee's text is: digits are the acquirer's to pay or not, C and D say it themselves."""

    def __init__(self, sign: int) -> None:
        super().__init__({None: 0})
        self._signs = {"C": -1, "D": 1}
        self._sign = sign

    def __missing__(self, text: str | None) -> int:
        if not text:
            return 0
        side = self._signs.get(text[0])
        amount = int(text) * self._sign if side is None else int(text[1:]) * side
        if len(self) < _KEPT:
            self[text] = amount
        return amount


_PAID: Final = _Fees(1)
_GOT: Final = _Fees(-1)


class _Compiled(NamedTuple):
    line: re.Pattern[str]
    order: tuple[int, ...]  # the groups in the order of `SLOTS`


@cache
def _compiled(layout: Layout) -> _Compiled:
    parts: list[str] = []
    said: list[str] = []
    end = 0
    for field in layout.fields:
        said += [field.says] if field.says else []
        parts.append(" " * (field.start - end - 1) + field.pattern)
        end = field.end
    # What a layout does not say is taken from an empty group at the end.
    order = tuple(said.index(slot) + 1 if slot in said else len(said) + 1 for slot in SLOTS)
    return _Compiled(re.compile("".join(parts) + r"()\r?\Z", _FLAGS), order)


def known(layout: Layout, line: str) -> bool:
    """Say whether a line is one of this layout; its text as Latin-1, without its end."""
    return _compiled(layout).line.match(line) is not None


@cache
def days(today: date) -> _Days:
    """Give each MMDD its date, that next to `today`; MMDD that is none in that year is left out."""
    found: _Days = {"": None, None: None}
    for month, last in enumerate(_MONTHS, 1):
        for day in range(1, last + 1):
            near = [
                date(year, month, day)
                for year in (today.year - 1, today.year, today.year + 1)
                if (month, day) != (2, 29) or year % 4 == 0
            ]
            nearest = min(near, key=lambda one: abs(one - today), default=None)
            if nearest and abs((nearest - today).days) <= 183:
                found[f"{month:02}{day:02}"] = nearest
    return found


def read_lines(layout: Layout, lines: Sequence[str], first: int, today: date) -> Chunk:
    """Read lines, the first of which has the number `first`; the chunk's bytes are not counted."""
    match, order = _compiled(layout).line.match, _compiled(layout).order
    meanings, dates, new = layout.meanings, days(today), tuple.__new__
    rows: list[ClearingRow] = []
    failed: list[BadLine] = []
    passed = 0
    for number, line in enumerate(lines, first):
        found = match(line) or _as_gbk(layout, line)
        if found is None:
            if _PASSED.fullmatch(line):
                passed += 1
            else:
                failed.append(bad(number, why(layout, line), _shown(layout, line)))
            continue
        (
            merchant_id, terminal_id, trace, rrn, auth_code, card,
            word_1, word_2, word_3, amount, currency,
            fee_paid, fee_got, fee_more, sent_at, settles_on,
            original_trace, original_at, code, undone_r, undone_c,
        ) = found.group(*order)  # fmt: skip
        try:
            kind, effect = meanings[word_1 + word_2 + word_3]
            day = dates[settles_on]
        except KeyError as error:
            failed.append(bad(number, _unmeant(error.args[0]), _shown(layout, line)))
            continue
        if effect is None:
            passed += 1
            continue
        rows.append(new(ClearingRow, (
            number, merchant_id.rstrip(), terminal_id.rstrip(), trace, rrn.rstrip(),
            auth_code.rstrip(), "" if not card or "*" in card else card.rstrip(), effect, kind,
            int(amount), currency or "156", _PAID[fee_paid] + _GOT[fee_got] + _PAID[fee_more],
            sent_at, day, original_trace or "", original_at or "", code.rstrip(),
            undone_r or undone_c or "",
        )))  # fmt: skip
    return Chunk(rows, failed, 0, passed)


def why(layout: Layout, line: str) -> Text:
    """Say which field of a line is the first that is not as it must be, and what is expected."""
    line = line.removesuffix("\r")
    end = 0
    for field in layout.fields:
        if line[end : field.start - 1] != " " * (field.start - 1 - end):
            return _wrong(layout, line, field, field.start - 1)
        if not re.fullmatch(field.pattern, line[field.start - 1 : field.end], _FLAGS):
            return _wrong(layout, line, field, 0)
        end = field.end
    zh = f"应有{layout.length}字节, 实有{len(line)}"
    return Text(zh, f"it has {len(line)} bytes where {layout.name} has {layout.length}")


def _wrong(layout: Layout, line: str, field: Field, blank: int) -> Text:
    """Say it of a field, or of the `blank` before it; a line that ends before is too short."""
    if len(line) < (blank or field.end):
        return Text(
            f"第{len(line)}字节处中断, 应有{layout.length}字节; 缺{field.title.zh}",
            f"it ends after byte {len(line)} of {layout.length}, where {field.title.en} is due",
        )
    if blank:
        return Text(
            f"第{blank}字节应为空格({field.title.zh}之前)",
            f"byte {blank}: a blank is expected before {field.title.en}",
        )
    place = f"{field.start}-{field.end}"
    wanted = field.type.expected
    return Text(
        f"第{place}字节 {field.title.zh}: 应为{wanted.zh}",
        f"bytes {place}, {field.title.en}: expected {wanted.en}",
    )


def _unmeant(word: str) -> Text:
    if word == _LEAP:
        return Text(
            f"清算日期{word}在该年不存在", f"the settlement date {word} is none in its year"
        )
    return Text(f"未定义其含义的交易类型: {word}", f"no meaning is declared for its type {word}")


def _as_gbk(layout: Layout, line: str) -> re.Match[str] | None:
    """Match a line whose names are in UTF-8 as it is in GBK."""
    if line.isascii():
        return None
    try:
        again = line.encode("latin-1").decode().encode("gb18030").decode("latin-1")
    except UnicodeError:
        return None
    return _compiled(layout).line.match(again)


def _shown(layout: Layout, line: str) -> str:
    """Give a line as people read it, without cards, wherever in it a lost byte has moved them."""
    moved = min(abs(len(line) - layout.length), _MOVED)
    for field in layout.fields:
        if field.type.secret:
            start, end = max(field.start - 1 - moved, 0), field.end + moved
            line = line[:start] + _DIGIT.sub("*", line[start:end]) + line[end:]
    return line.encode("latin-1").decode("gb18030", "replace")
