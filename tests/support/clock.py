"""Clocks that stand still until a test moves them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)  # in the shop


class HeldClock:
    """What a process takes for the time. With a `tick` no two looks give the same moment."""

    def __init__(self, at: datetime = NOON, tick: timedelta = timedelta()) -> None:
        self.at = self._began = at
        self._tick = tick

    def now(self) -> datetime:
        self.at += self._tick
        return self.at

    def monotonic(self) -> float:
        return 1_000.0 + (self.at - self._began).total_seconds()

    def forward(self, **by: float) -> None:
        """Let so much time pass, named as of a `timedelta`."""
        self.at += timedelta(**by)


@dataclass(slots=True)
class HeldSeconds:
    """A monotonic clock alone."""

    at: float = 1_000.0

    def __call__(self) -> float:
        return self.at
