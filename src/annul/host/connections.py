"""Who is connected, and who has to give way: bounds in all, per address, and in time."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from .peer import Peer

_SHARE: Final = 16  # connections that one terminal keeps whatever happens


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds of the terminals' ports; times in seconds, buffers in bytes.

    Over `in_flight` requests the host answers 96 at once, not late. A fifth of it is all that may
    be under way for connections that have proven nothing, and each of them has
    `in_flight_unbound`. `first_message_s` is the time until a message names a registered terminal;
    `slow_reader_s` how long a peer may leave answers unread; `doubts` how many messages in a row
    may prove nothing.
    """

    in_flight: int = 5_000
    in_flight_each: int = 256
    in_flight_unbound: int = 4
    connections: int = 20_000
    per_address: int = 4_096
    frame: int = 4_096
    unread: int = 64 * 1_024
    first_message_s: float = 15.0
    idle_s: float = 600.0
    slow_reader_s: float = 30.0
    doubts: int = 16


class Connection(Protocol):
    """What the register knows of a connection."""

    peer: Peer
    heard_at: float
    opened_at: float
    paused_at: float | None

    def abort(self) -> None:
        """Close at once; what is unsent is dropped."""
        ...


class Connections:
    """Every connection by address, the oldest first.

    Where an address, or all of them, has as many as it may, the oldest connection there that has
    proven nothing gives way to the new one. Where all have proven who they are, it is the oldest of
    who has most, if these are more than one terminal needs; else the new one is refused. So neither
    idle or junk connections nor those of one terminal keep another one out.
    """

    def __init__(self, limits: ConnectionLimits, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._by_address: dict[str, dict[Connection, None]] = {}
        self._all: dict[Connection, None] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._all))

    def take(self, connection: Connection) -> bool:
        """Register a connection; False when there is no room for it."""
        address = connection.peer.address
        here = self._by_address.get(address, {})
        if len(here) >= self._limits.per_address and not self._give_way(here):
            return False
        if len(self._all) >= self._limits.connections and not self._give_way(self._all):
            return False
        # The one that gave way may have been the last of its address, and its table gone.
        self._by_address.setdefault(address, here)[connection] = None
        self._all[connection] = None
        return True

    def forget(self, connection: Connection) -> None:
        """Strike a connection out; one that was not taken is no news."""
        self._all.pop(connection, None)
        here = self._by_address.get(connection.peer.address)
        if here is not None:
            here.pop(connection, None)
            if not here:
                del self._by_address[connection.peer.address]

    def overdue(self) -> list[tuple[Connection, str]]:
        """Give those whose time is over, and why."""
        now = self._monotonic()
        found = ((connection, self._why(connection, now)) for connection in self._all)
        return [(connection, why) for connection, why in found if why]

    def _why(self, connection: Connection, now: float) -> str:
        limits = self._limits
        if connection.paused_at is not None and now - connection.paused_at > limits.slow_reader_s:
            return "slow_reader"
        if not connection.peer.known and now - connection.opened_at > limits.first_message_s:
            return "no_message"
        return "idle" if now - connection.heard_at > limits.idle_s else ""

    def _give_way(self, among: dict[Connection, None]) -> bool:
        """End the oldest connection of nobody, else the oldest of who has more than its share."""
        oldest = next((one for one in among if one.peer.holder is None), None)
        if oldest is None:
            holder, count = Counter(one.peer.holder for one in among).most_common(1)[0]
            if count <= _SHARE:
                return False
            oldest = next(one for one in among if one.peer.holder == holder)
        self.forget(oldest)
        oldest.abort()
        return True
