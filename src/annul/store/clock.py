"""Time as it is handed in: what reads a clock takes one as an argument, so a test can hold it."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What annul asks of time."""

    def now(self) -> datetime:
        """Give the moment in UTC, for what is stored or sent."""
        ...

    def monotonic(self) -> float:
        """Give seconds that never step back, for time-outs and latencies."""
        ...


class SystemClock:
    """The clock of this machine."""

    __slots__ = ()

    # Asked several times per message, so there is no call of ours around it.
    monotonic = staticmethod(time.monotonic)

    def now(self) -> datetime:
        """Give the moment in UTC."""
        return datetime.now(UTC)
