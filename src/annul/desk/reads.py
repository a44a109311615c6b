"""What was read lately: a page that keeps itself up to date is read once."""

from dataclasses import dataclass, field
from typing import Final

_AGAIN_S: Final = 3600.0
_REMEMBERED: Final = 10_000
Read = tuple[str, str, str]  # who, how, what


@dataclass(slots=True)
class Reads:
    """The reads of this process."""

    _seen: dict[Read, float] = field(default_factory=dict[Read, float])

    def first(self, read: Read, now: float) -> bool:
        """Say whether this is the first time for an hour; `now` by the monotonic clock."""
        if now - self._seen.get(read, -_AGAIN_S) < _AGAIN_S:
            return False
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen[read] = now
        return True
