"""What a link is bounded by, what it counts, and how far it has come."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from annul.domain.backoff import Backoff


class LinkState(StrEnum):
    """How far a link has come."""

    STOPPED = "stopped"
    CONNECTING = "connecting"
    SIGNING_ON = "signing_on"
    UP = "up"
    WAITING = "waiting"  # for the next try to connect


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """Bounds of a link; times in seconds.

    `queued` counts frames that the socket does not take yet. `connect_s` bounds TCP and TLS
    together. A connection that lasts for `stable_s` is a success for the back-off; after bytes that
    are no frame the next one is `rubbish_s` away at least. A frame that has begun is whole within
    `frame_s`, or the stream has lost its beginning. After `idle_s` without a byte an echo is
    sent. `tick_s` is the least time between two looks at what is due, `rest_s` the longest.
    """

    in_flight: int = 8_192
    queued: int = 1_024
    frame: int = 8_192
    connect_s: float = 5.0
    sign_off_s: float = 1.0
    idle_s: float = 30.0
    stable_s: float = 10.0
    rubbish_s: float = 1.0
    frame_s: float = 5.0
    tick_s: float = 0.05
    rest_s: float = 1.0
    backoff: Backoff = field(default=Backoff())


@dataclass(slots=True)
class LinkCounts:
    """What a link counts, since its start."""

    sent: int = 0
    answered: int = 0
    timed_out: int = 0
    late: int = 0
    bad_mac: int = 0
    garbled: int = 0
    unexpected: int = 0  # requests of the issuer that annul lacks
    bad_frames: int = 0
    refused: int = 0  # NotSent because of a limit
    connects: int = 0
    connect_failures: int = 0
    sign_on_refusals: int = 0
    losses: int = 0


_LEAVES: Final = timedelta(seconds=1)


def leaves_within(timeout: timedelta) -> timedelta:
    """Say how long after it came a request may leave for an issuer with this time-out, at most."""
    return max(timeout, _LEAVES)


def settled_after(timeout: timedelta) -> timedelta:
    """Say how long after it came a request can no longer be on its way to be booked.

    Before that a denial of its reversal proves nothing: it may be older than the booking.
    """
    return leaves_within(timeout) + timeout
