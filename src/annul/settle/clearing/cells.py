"""What stands in a cell of a table, as people and spreadsheets write it, read with suspicion."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final, TypeAlias

from annul.domain.errors import AnnulError
from annul.domain.money import CURRENCIES, LARGEST
from annul.domain.text import Text

Cell: TypeAlias = "str | float | bool | date | datetime | time | timedelta | None"

_EXACT: Final = 10**15  # from here on a spreadsheet's numbers have lost digits
_DECIMALS: Final = 2  # of currencies that are not known
_GUARDED: Final = re.compile(r'=?"(.*)"')  # as ="000123", which keeps a spreadsheet from counting
_GUARDS: Final = "'`\t"
_AMOUNT: Final = re.compile(
    r"(?P<open>\()? ?(?P<sign>[-+])? ?(?:CNY|RMB|人民币|[¥$€])? ?(?P<again>[-+])?"
    r"(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.(?P<part>\d{1,6}))? ?元?(?P<close>\))?",
    re.ASCII,
)
_DATE: Final = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d\d)(\d\d))", re.ASCII
)
_TIME: Final = re.compile(
    r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d{1,6})?)?|(\d\d)(\d\d)(\d\d)", re.ASCII
)
_SHORT: Final = re.compile(r"\d{10}", re.ASCII)  # MMDDhhmmss
_CARD: Final = re.compile(r"\d{13,19}", re.ASCII)
_MASKED: Final = re.compile(r"[\d*xX]{8,19}", re.ASCII)
_WORDS_OF_MONEY: Final[Mapping[str, str]] = MappingProxyType(
    {"人民币": "156", "RMB": "156", **{letters: code for code, (letters, _) in CURRENCIES.items()}}
)
# Digits that a field has: what a spreadsheet took for a number has lost the zeros before them.
WIDTHS: Final[Mapping[str, int]] = MappingProxyType(
    {"trace": 6, "original_trace": 6, "rrn": 12, "auth_code": 6, "terminal_id": 8, "code": 2}
)
# Characters that a field has at most.
_MOST: Final[Mapping[str, int]] = MappingProxyType({**WIDTHS, "merchant_id": 15})


class CellUnfit(AnnulError):
    """What stands in this cell cannot be read as what its column holds."""

    code = "settle.clearing_cell_unfit"
    next_step = "Correct the cell, or what is declared of its column."

    def __init__(self, said: Text) -> None:
        """Take what was expected."""
        super().__init__(said.en)
        self.said = said


def text(cell: Cell) -> str:
    """Give a cell as text without what guards or pads it; raises `CellUnfit`."""
    if isinstance(cell, str):
        plain = cell if cell.isascii() else unicodedata.normalize("NFKC", cell)
        plain = plain.strip()
        if guarded := _GUARDED.fullmatch(plain):
            plain = guarded[1]
        return plain.lstrip(_GUARDS).strip() if plain[:1] in {"'", "`"} else plain
    if cell is None or isinstance(cell, bool):
        return "" if cell is None else str(cell)
    if isinstance(cell, int | float):
        return _number(cell)
    return str(cell) if isinstance(cell, timedelta) else cell.isoformat()


def _number(number: float) -> str:
    if float(number).is_integer():
        if abs(number) >= _EXACT:
            raise CellUnfit(
                Text(
                    "以数字保存的单元格只有15位有效, 请改为文本格式",
                    "a cell that holds a number keeps 15 digits only: make it a text",
                )
            )
        return str(int(number))
    return f"{number:.15g}"  # as it is shown, without what binary fractions add


def code(cell: Cell, field: str) -> str:
    """Read a number or a code of a field, digits filled up to its width; raises `CellUnfit`."""
    plain = text(cell)
    most = _MOST.get(field, 0)
    if plain.isdecimal():
        plain = plain.zfill(WIDTHS.get(field, 0))
    if len(plain) > most or not (plain.isascii() and plain.isprintable()) or " " in plain:
        raise CellUnfit(Text(f"应为至多{most}位代码", f"a code of at most {most} characters"))
    return "" if field == "original_trace" and not plain.strip("0") else plain


def amount(cell: Cell, currency: str, unit: str) -> int:
    """Read an amount in `major` or `minor` units as minor ones, with its sign; brackets are minus.

    Raises `CellUnfit`.
    """
    found = _AMOUNT.fullmatch(text(cell).upper())
    digits = CURRENCIES.get(currency, ("", _DECIMALS))[1] if unit == "major" else 0
    if found is None or bool(found["open"]) != bool(found["close"]):
        raise CellUnfit(Text("应为金额, 如1,234.50", "an amount as 1,234.50"))
    if sum(map(bool, (found["open"], found["sign"], found["again"]))) > 1:
        raise CellUnfit(Text("金额有两个符号", "an amount with one sign only"))
    part = found["part"] or ""
    if part[digits:].strip("0") or (part and unit == "minor"):
        raise CellUnfit(
            Text(f"金额小数至多{digits}位", f"an amount with at most {digits} decimals")
        )
    minor = int(found["whole"].replace(",", "") + part[:digits].ljust(digits, "0"))
    if minor > LARGEST:
        raise CellUnfit(Text("金额超过12位", "an amount of at most 12 digits"))
    return -minor if found["open"] or "-" in (found["sign"], found["again"]) else minor


def card(cell: Cell) -> str:
    """Read a card number, also in groups; masked ones are none. Raises `CellUnfit`."""
    plain = text(cell).replace(" ", "").replace("-", "")
    if _CARD.fullmatch(plain):
        return plain
    if not plain or (not plain.isdecimal() and _MASKED.fullmatch(plain)):
        return ""
    raise CellUnfit(Text("应为13至19位卡号", "a card's 13 to 19 digits"))


def money(cell: Cell, default: str) -> str:
    """Read a currency by its letters or number; raises `CellUnfit`."""
    plain = text(cell).upper()
    if not plain:
        return default
    found = _WORDS_OF_MONEY.get(plain, plain.zfill(3) if plain.isdecimal() else "")
    if len(found) != 3 or not found.isascii():
        raise CellUnfit(Text("应为币种, 如CNY或156", "a currency as CNY or 156"))
    return found


def day(cell: Cell, written: str = "") -> date | None:
    """Read a date, or a time's; `written` is a format of strptime. Raises `CellUnfit`."""
    plain = text(cell)
    if not plain:
        return None
    return _moment(plain, written, None).date()


def moment(cell: Cell, on: Cell = None, written: str = "") -> str:
    """Read a time as MMDDhhmmss; where the cell has only the hour its day is that of `on`."""
    plain = text(cell)
    if not plain:
        return ""
    short = plain.zfill(10) if isinstance(cell, float) and not on and len(plain) == 9 else plain
    if not written and _SHORT.fullmatch(short):
        return f"{_dated(['2000', *re.findall('..', short)]):%m%d%H%M%S}"
    return f"{_moment(plain, written, on):%m%d%H%M%S}"


def _moment(plain: str, written: str, on: Cell) -> datetime:
    if written:
        try:
            return datetime.strptime(plain, written)  # noqa: DTZ007 a clock on a wall
        except ValueError:
            raise _no_time() from None
    found = _DATE.match(plain)
    if found and (not plain[found.end() :].isdecimal() or len(plain) == 14):
        rest = plain[found.end() :].lstrip(" T")
        numbers = [one for one in found.groups() if one and one.isdecimal()]
    else:
        rest = plain.zfill(6) if plain.isdecimal() else plain
        dated = _DATE.fullmatch(text(on)[:10].rstrip("T ")) if on is not None else None
        if dated is None or not rest:
            raise _no_time()
        numbers = [one for one in dated.groups() if one and one.isdecimal()]
    if not rest:
        return _dated(numbers)
    clock = _TIME.fullmatch(rest)
    if clock is None:
        raise _no_time()
    return _dated([*numbers, *(one for one in clock.groups() if one)])


def _dated(numbers: Sequence[str]) -> datetime:
    year, month, day_, hour, minute, second = map(int, (*numbers, "0", "0", "0")[:6])
    try:
        return datetime(year, month, day_, hour, minute, second)  # noqa: DTZ001 a clock on a wall
    except ValueError:
        raise _no_time() from None


def _no_time() -> CellUnfit:
    return CellUnfit(
        Text("应为日期或时间, 如2026-11-27 19:30:00", "a date or time as 2026-11-27 19:30:00")
    )
