"""Reference numbers (field 37, RRN): twelve digits, unique per day without a sequence."""

from datetime import datetime, timedelta
from typing import Final

_TICK: Final = timedelta(microseconds=10)


class ReferenceNumbers:
    """Number of a transaction: last digit of the day, node, and 10-microsecond ticks of the day.

    Always larger than the one before, also when the clock stands still or steps back within a
    day; a restart needs no stored counter, since time has gone on. One node gives up to 100,000
    numbers a second, ten nodes work beside each other.
    """

    def __init__(self, node: int) -> None:
        if not 0 <= node <= 9:
            message = f"node must be 0 to 9, not {node}"
            raise ValueError(message)
        self._node = node
        self._last = (0, 0)

    def next(self, now: datetime) -> str:
        """Give the next number; `now` is UTC."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        moment = (now.toordinal(), (now - midnight) // _TICK)
        if moment <= self._last:
            moment = (self._last[0], self._last[1] + 1)
        self._last = moment
        return f"{moment[0] % 10}{self._node}{moment[1]:010d}"
