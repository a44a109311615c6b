"""How patient the resolver is, and how hard it tries. Times in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from annul.domain.backoff import Backoff

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0

# Class of a cause -> (until the case is due, until it ends as refused for want of anything better).
PATIENCE: Final[Mapping[str, tuple[float, float]]] = {
    "proof": (5 * _MINUTE, 10 * _MINUTE),
    "network": (15 * _MINUTE, 24 * _HOUR),
    "window": (6 * _HOUR, 48 * _HOUR),
    "funds": (24 * _HOUR, 72 * _HOUR),
    "day": (36 * _HOUR, 72 * _HOUR),
    "person": (24 * _HOUR, 72 * _HOUR),
}


@dataclass(frozen=True, slots=True)
class Pace:
    """`scale` multiplies every time, so that a drill runs a day in minutes.

    `due_s` replaces due times of `PATIENCE` by class; `tries` bounds the resolver's own retries of
    a void; `poll_s` is how long it waits for money or a terminal before it looks again; `margin_s`
    is how long a lease outlasts an issuer's time-out; `apart_s` is how far apart two looks are that
    must agree before anything is done that cannot be taken back.
    """

    scale: float = 1.0
    due_s: Mapping[str, float] = field(default_factory=dict)  # an operator's own due times
    tries: int = 8
    give_up_s: float | None = None  # when a case ends at the latest, None: by its class
    backoff: Backoff = field(default=Backoff(first_s=15.0, limit_s=1800.0))
    watch: Backoff = field(default=Backoff(first_s=0.5, limit_s=30.0))
    poll_s: float = 60.0
    apart_s: float = 10.0
    probe: Backoff = field(default=Backoff(first_s=10.0, limit_s=300.0))
    margin_s: float = 15.0
    idle_s: float = 1.0
    concurrency: int = 32

    def due(self, patience: str) -> timedelta:
        """Give how long a case of a class may take."""
        return timedelta(seconds=self.due_s.get(patience, PATIENCE[patience][0]) * self.scale)

    def last(self, patience: str) -> timedelta:
        """Give when a case of a class ends whatever happens."""
        if self.give_up_s is not None:
            return timedelta(seconds=self.give_up_s)
        return timedelta(seconds=PATIENCE[patience][1] * self.scale)

    def seconds(self, plain: float) -> timedelta:
        """Scale a time."""
        return timedelta(seconds=plain * self.scale)
