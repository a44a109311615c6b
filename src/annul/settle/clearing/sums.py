"""Sums that a file itself has at its end: they tell whether all of its rows are there."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from annul.domain.text import Text

from .cells import Cell, CellUnfit, amount, text

# The first cell of a line that sums up all before it; those of parts are passed over.
TOTALS: Final = ("合计", "总计", "total", "sum")
_COUNT: Final = re.compile(
    r"(?<![\d.,])(\d[\d,]*)\s*(?:笔|rows?\b|records?\b|transactions?\b)", re.IGNORECASE
)
# Money may be summed up as it stands, without signs, or with what is given back taken off.
_WAYS: Final = 3


@dataclass(slots=True)
class _Part:
    count: int = 0
    money: list[int] = field(default_factory=lambda: [0] * _WAYS)

    def add(self, amount_: int, *, back: bool) -> None:
        self.count += 1
        for way, one in enumerate((amount_, abs(amount_), -abs(amount_) if back else abs(amount_))):
            self.money[way] += one


@dataclass(slots=True)
class Sums:
    """What the lines of a table come to so far: from its beginning, and since its latest sum.

    Lines that move no money (inquiries) may be in a sum or not. Nothing is compared where a line
    could not be read, or where there are several currencies: then nobody knows what is summed up.
    """

    unsure: bool = False
    _currency: str = ""
    # Since the beginning and since the latest sum, each with and without what moves no money.
    _parts: list[_Part] = field(default_factory=lambda: [_Part() for _ in range(4)])

    def add(self, amount_: int, currency: str, *, back: bool, counts: bool) -> None:
        """Take a line in: its amount as it stands, and whether it is a row."""
        self.unsure = self.unsure or self._currency not in {"", currency}
        self._currency = currency
        for place, part in enumerate(self._parts):
            if counts or place % 2 == 0:
                part.add(amount_, back=back)

    def differs(self, line: Sequence[Cell], at: int, currency: str, unit: str) -> Text | None:
        """Say what a line of sums has that the lines before do not come to; `at`: its amount."""
        if not _is_total(line):
            return None
        wrong = None if self.unsure else self._compared(line, at, currency, unit)
        self._parts[2:] = [_Part(), _Part()]
        return wrong

    def _compared(self, line: Sequence[Cell], at: int, currency: str, unit: str) -> Text | None:
        count = next(_counts(line), None)
        counts = {part.count for part in self._parts}
        if count is not None and count not in counts:
            here = self._parts[1].count
            return Text(
                f"合计{count}笔, 实有{here}笔", f"it sums up {count} rows, and there are {here}"
            )
        try:
            money = amount(line[at], currency, unit) if at < len(line) and line[at] else None
        except CellUnfit:
            return None
        if money is None or money in {one for part in self._parts for one in part.money}:
            return None
        here = self._parts[1].money[-1]
        return Text(
            f"合计{money}, 各行之和为{here}（最小货币单位）",
            f"its sum is {money}, that of the rows {here} (minor units)",
        )


def _is_total(line: Sequence[Cell]) -> bool:
    first = next((text(cell) for cell in line if cell not in (None, "")), "")
    return first.lower().startswith(TOTALS)


def _counts(line: Iterable[Cell]) -> Iterator[int]:
    return (
        int(found[1].replace(",", ""))
        for cell in line
        if isinstance(cell, str) and (found := _COUNT.search(cell))
    )
