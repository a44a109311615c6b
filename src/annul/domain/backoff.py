"""Waiting longer after each failure, and never in step with others who failed at the same time."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubling waits between `first_s` and `limit_s` seconds, each spread over its upper half."""

    first_s: float = 0.5
    limit_s: float = 30.0

    def delay(self, failures: int, random: Callable[[], float]) -> float:
        """Give the wait in seconds after `failures` (1 or more) in a row.

        `random` gives numbers from 0 up to 1.
        """
        assert failures > 0, "there is nothing to wait for before the first failure"
        # The exponent is bounded, since a link may fail for months.
        whole = min(self.limit_s, self.first_s * 2.0 ** min(failures - 1, 60))
        return whole * (0.5 + random() / 2)
