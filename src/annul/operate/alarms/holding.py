"""Issuers that people hold: nothing new is sent, they are routed around, or a window is announced.

That they are silent then is expected. It says nothing, and what is silent counts from the end.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from annul.domain.alarm_streams import Stream
from annul.domain.interventions import SILENCING
from annul.domain.policies import WINDOWS
from annul.store.sql import listed, load

_SQL: Final = load(
    "annul.operate.alarms",
    "holding.sql",
    silencing=listed(SILENCING),
    windows=listed(WINDOWS),
)
# So long are holds looked back at: no stream is followed that was not heard for longer.
BACK: Final = timedelta(days=7)
# Counts span up to 15 s, and hosts take up what people do within a second.
_AROUND: Final = timedelta(seconds=20)


class Held(NamedTuple):
    """One time in which an issuer was held, or is."""

    issuer_id: str
    since: datetime
    until: datetime


class Holds:
    """All of them at a moment."""

    def __init__(self, holds: Iterable[Held], now: datetime) -> None:
        self._now = now
        self._holds = tuple(holds)
        self._last: dict[str, datetime] = {}
        for issuer_id, _, until in self._holds:
            so_far = min(until, now)
            self._last[issuer_id] = max(so_far, self._last.get(issuer_id, so_far))

    def last(self, stream: Stream) -> datetime | None:
        """Give the last moment up to now at which a stream's issuer was held; None for never."""
        return self._last.get(stream.issuer_id) if self._last else None

    def now(self, stream: Stream) -> bool:
        """Say whether a stream's issuer is held."""
        return self.last(stream) == self._now

    def columns(self) -> Mapping[str, list[Any]]:
        """Give the times in which counts say nothing, as a statement takes them."""
        return {
            "held": [one.issuer_id for one in self._holds],
            "held_since": [one.since - _AROUND for one in self._holds],
            "held_until": [one.until + _AROUND for one in self._holds],
        }


async def holds(connection: Any, now: datetime) -> Holds:
    """Read which issuers are held, or were up to a while ago."""
    rows = await connection.fetch(*_SQL["held"](now=now, back=now - BACK))
    return Holds((Held(*row) for row in rows), now)
