"""Those who have proven nothing: counted by address, logged by sample, slowed down.

This is all that a message can cause before it is authenticated, beside an answer without MAC.
Everything here is bounded, whatever names a sender invents.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

import structlog

log = structlog.get_logger(__name__)

_ADDRESSES: Final = 1_024
_KEYS: Final = 16_384
_SAMPLE_S: Final = 10.0


class Throttle:
    """Counts events per key in windows of time; the key that came longest ago is forgotten."""

    def __init__(self, limit: int, window_s: float, monotonic: Callable[[], float]) -> None:
        self.limit = limit
        self._window_s = window_s
        self._monotonic = monotonic
        self._counted: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def hit(self, key: Hashable) -> int:
        """Count one more; give how many there were in this window."""
        now = self._monotonic()
        began, count = self._counted.pop(key, (now, 0))
        if now - began >= self._window_s:
            began, count = now, 0
        self._counted[key] = (began, count + 1)
        if len(self._counted) > _KEYS:
            self._counted.popitem(last=False)
        return count + 1

    def over(self, key: Hashable) -> bool:
        """Say whether a key has reached its limit in this window."""
        if not self._counted:
            return False
        began, count = self._counted.get(key, (0.0, 0))
        return count >= self.limit and self._monotonic() - began < self._window_s


@dataclass(slots=True)
class _Told:
    at: float
    since: int = 0


class Strangers:
    """Counts what was turned away, by reason and by address; one log line per address and 10 s."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.by_reason: Counter[str] = Counter()
        self._monotonic = monotonic
        self._addresses: OrderedDict[str, Counter[str]] = OrderedDict()
        self._told: OrderedDict[str, _Told] = OrderedDict()

    def turned_away(self, address: str, reason: str) -> None:
        """Count one message or connection."""
        self.by_reason[reason] += 1
        counts = self._addresses.setdefault(address, Counter())
        counts[reason] += 1
        self._addresses.move_to_end(address)
        if len(self._addresses) > _ADDRESSES:
            self._addresses.popitem(last=False)
        self._sample(address, reason)

    def by_address(self, most: int = 20) -> dict[str, dict[str, int]]:
        """Give the addresses with most counts, each by reason."""
        ranked = sorted(self._addresses.items(), key=lambda item: -item[1].total())
        return {address: dict(counts) for address, counts in ranked[:most]}

    def _sample(self, address: str, reason: str) -> None:
        now = self._monotonic()
        told = self._told.get(address)
        if told is not None and now - told.at < _SAMPLE_S:
            told.since += 1
            return
        log.info("turned_away", address=address, reason=reason, more=told.since if told else 0)
        self._told[address] = _Told(now)
        self._told.move_to_end(address)
        if len(self._told) > _ADDRESSES:
            self._told.popitem(last=False)
