"""Reference numbers (field 37, RRN): twelve digits, unique per day without a sequence."""

from datetime import datetime, timedelta
from typing import Final

_TICK: Final = timedelta(microseconds=10)


_TRACES: Final = 99_999


class IssuerTraces:
    """Field 11 towards issuers: the node's digit and a counter, so that it is annul's own.

    With the second in field 7 and the institutions in 32 and 33 it names one message between
    banks; the traces of terminals do not, as two of them may have the same one at a time.
    """

    def __init__(self, node: int, start: int, share: tuple[int, int] = (0, 1)) -> None:
        """`start` may be anything: an earlier process of the node ended seconds ago.

        `share` is this cell's among so many: cells may send under one institution, and a node of
        one has the digit of a node of another.
        """
        number, self._shares = share
        self._node = node
        self._most = _TRACES // self._shares
        self._first = number + 1
        self._last = (start - 1) % self._most

    def next(self) -> str:
        """Give the next one: six digits, the same again after all of its share (of 99,999)."""
        self._last = (self._last + 1) % self._most
        return f"{self._node}{self._first + self._last * self._shares:05d}"


class ReferenceNumbers:
    """Number of a transaction: last digit of the day, node, and 10-microsecond ticks of the day.

    Always larger than the one before, also when the clock stands still or steps back within a
    day; a restart needs no stored counter, since time has gone on. One node gives up to 100,000
    numbers a second, or its cell's share of them; ten nodes work beside each other. After ten days
    a number may come again: who finds it taken by its merchant asks for the next one.
    """

    def __init__(self, node: int, share: tuple[int, int] = (0, 1)) -> None:
        """`share` is this cell's among so many: a case's number is that of one in all cells."""
        self._number, self._shares = share
        if not 0 <= node <= 9:
            message = f"node must be 0 to 9, not {node}"
            raise ValueError(message)
        self._node = node
        self._last = (0, 0)

    def next(self, now: datetime) -> str:
        """Give the next number; `now` is UTC."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        ticks = (now - midnight) // _TICK
        moment = (now.toordinal(), ticks - ticks % self._shares + self._number)
        if moment <= self._last:
            moment = (self._last[0], self._last[1] + self._shares)
        self._last = moment
        return f"{moment[0] % 10}{self._node}{moment[1]:010d}"
