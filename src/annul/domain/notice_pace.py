"""How many messages a channel takes, and what goes into the next one. Pure.

Robots of chat services take so many messages in any minute, and shut out for a while whoever sends
more. So a message counts from the moment it may have arrived at the latest, and the last one that
a minute has room for takes with it whatever else is owed.
"""

from collections.abc import Callable, Iterable, Sequence
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


def next_message(owed: Sequence[Owed], free: int) -> Sequence[Owed]:
    """Give what the next message tells, of what is owed in the order of telling.

    One by one while there is room for another message after it; then all that is left in one.
    """
    assert free > 0, "a message has room"
    return owed[:1] if free > 1 or len(owed) <= 1 else owed


def fitting(
    parts: Sequence[str], longest: int, frame: Callable[[int], str], width: Callable[[str], int]
) -> int:
    """Say how many of the parts fit into one message, at least one.

    `frame(n)` is what stands around `n` parts, each on a line of its own; `width` measures a text,
    and `longest` is what the channel takes of that measure.
    """
    left = longest - width(frame(len(parts)))
    for place, part in enumerate(parts):
        left -= width(part) + 1
        if left < 0:
            return max(place, 1)
    return len(parts)
