"""How many messages a channel takes, and what goes into the next one. Pure.

Robots of chat services take so many messages in any minute, and shut out for a while whoever sends
more. So a message counts from the moment it may have arrived at the latest, and the last one that
a minute has room for takes with it whatever else is owed.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeVar

Owed = TypeVar("Owed")
PER_MINUTE: Final = 20
# A minute, and by how much clocks of hosts and of a robot may differ meanwhile.
WINDOW: Final = timedelta(seconds=61)


class Room(NamedTuple):
    """How many messages may be sent now; `at` is when there is one again if there is none."""

    free: int
    at: datetime


def room(sent: Iterable[datetime], per_minute: int, now: datetime) -> Room:
    """Say what room a channel has. `sent` are the last moments at which messages may have come."""
    recent = sorted(at for at in sent if at > now - WINDOW)
    free = per_minute - len(recent)
    if free > 0:
        return Room(free, now)
    return Room(0, recent[-per_minute] + WINDOW)


def next_message(owed: Sequence[Owed], free: int, most: int) -> Sequence[Owed]:
    """Give what the next message tells, of what is owed in the order of telling.

    One by one while there is room for another message after it; then all that is left in one, which
    has room for `most`. Of what is more than that nothing is told one by one.
    """
    assert free > 0, "a message has room"
    if len(owed) > most:
        return owed[:most]
    return owed[:1] if free > 1 or len(owed) <= 1 else owed


def fitting(widths: Sequence[int], left: int) -> int:
    """Say how many lines of these widths in bytes fit into what is left, at least one."""
    for place, width in enumerate(widths):
        left -= width + 1
        if left < 0:
            return max(place, 1)
    return len(widths)
