"""What is usual for streams, learnt in memory as hours go by: the same sums as `histories` gives.

Of each stream and measure only sums are kept, by hour of the day and kind of day, so a journal of
any length takes no more room than its streams.
"""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from annul.domain.alarm_baseline import History, usual
from annul.domain.alarm_streams import Stream
from annul.domain.alarm_traffic import cell_of
from annul.domain.alarms import MEASURES, Counts, Usual

_Cell = tuple[int, float, float, float]  # hours, count, trouble, trouble squared by count
_NONE: Final[_Cell] = (0, 0.0, 0.0, 0.0)


class _Sums:
    """One measure of one stream."""

    __slots__ = ("bad", "between", "cells", "hours", "total", "within")

    def __init__(self) -> None:
        self.cells: dict[int, _Cell] = {}
        self.hours = 0
        self.total = self.bad = self.within = self.between = 0.0

    def add(self, cell: int, count: int, bad: int) -> None:
        hours, n, m, squares = self.cells.get(cell, _NONE)
        if hours:
            self.within -= squares - m * m / n
            self.between -= m * m / n
        n, m, squares = n + count, m + bad, squares + bad * bad / count
        self.cells[cell] = (hours + 1, n, m, squares)
        self.within += squares - m * m / n
        self.between += m * m / n
        self.hours, self.total, self.bad = self.hours + 1, self.total + count, self.bad + bad

    def history(self, cell: int) -> History:
        hours, n, m, _ = self.cells.get(cell, _NONE)
        between = self.between - self.bad * self.bad / self.total if self.total else 0.0
        return History(
            self.total,
            self.bad,
            self.hours,
            len(self.cells),
            self.within,
            between,
            n,
            m,
            hours,
        )


class Usuals:
    """Learns from hours that are over, and says what is usual in one. `zone` is that of hours."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._known: dict[Stream, tuple[_Sums, ...]] = {}
        self._told: dict[Stream, tuple[datetime, tuple[Usual, ...]]] = {}  # the last of each

    def learn(self, stream: Stream, hour: datetime, counts: Counts) -> None:
        """Take an hour of a stream."""
        sums = self._known.get(stream)
        if sums is None:
            sums = self._known[stream] = tuple(_Sums() for _ in MEASURES)
        cell = self._cell(hour)
        for mine, (count, bad) in zip(sums, counts.by_measure(), strict=True):
            if count:
                mine.add(cell, count, bad)

    def of(self, stream: Stream, hour: datetime) -> tuple[Usual, ...]:
        """Say what is usual for a stream in an hour, by measure; the same all through it."""
        last = self._told.get(stream)
        if last is not None and last[0] == hour:
            return last[1]
        told = self._worked_out(stream, hour)
        self._told[stream] = hour, told
        return told

    def _worked_out(self, stream: Stream, hour: datetime) -> tuple[Usual, ...]:
        cell, parent = self._cell(hour), stream.parent
        own, whole = self._known.get(stream), self._known.get(parent) if parent else None
        return tuple(
            usual(
                measure,
                own[place].history(cell) if own else History(),
                whole[place].history(cell) if whole else None,
            )
            for place, measure in enumerate(MEASURES)
        )

    def _cell(self, hour: datetime) -> int:
        local = hour.astimezone(self._zone)
        return cell_of(local.hour, rests=local.isoweekday() > 5)
