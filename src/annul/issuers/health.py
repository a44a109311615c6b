"""How an issuer is doing: rolling counts of the last hour, cheap to add to, and what they mean.

Counts live in slots of a few seconds. Adding to one touches the newest slot only; a window is
summed when somebody asks for it.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from annul.domain.response_codes import BOOKED, FAULTS
from annul.store.histogram import Histogram

SLOT_S: Final = 5.0
_KEPT_S: Final = 300.0
# So many of the latest answers a slot keeps of each role: what is asked over and over, as a
# reversal that is not accepted, does not push out what others heard.
_LATEST: Final = 24
_LATEST_OF: Final = {"plain": 32, "reversal": 8, "echo": 8}

# Upper bounds of the latency buckets in milliseconds; the last bucket is open.
BOUNDS_MS: Final = (
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700,
    1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000, 15_000, 30_000, 60_000,
)  # fmt: skip
_BUCKETS: Final = len(BOUNDS_MS) + 1
_BOUNDS_S: Final = tuple(bound / 1000 for bound in BOUNDS_MS)


class Condition(StrEnum):
    """What the router and the console make of the counts."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """From which share of trouble (no answer, a code of `FAULTS`) in the last `judged_s` seconds.

    Below `least` requests nothing is concluded. So many silences in a row are `down` at once.
    """

    least: int = 10
    degraded: float = 0.05
    down: float = 0.5
    silent_in_a_row: int = 10
    judged_s: float = 60.0


class Asked(NamedTuple):
    """What a request was, as far as it matters to whoever asks later whom a trouble has touched.

    `role` is "plain" for what undoes nothing, else "void", "refund", "reversal" or "echo"; `prefix`
    the first digits of the card, as many as a range may have; `card` tells cards apart, within this
    process and not beyond it.
    """

    role: str = "plain"
    prefix: str = ""
    merchant: str = ""
    terminal: str = ""
    card: str = ""


PLAIN: Final = Asked()
_ECHO: Final = Asked("echo")
VOID: Final = "void"
RANGE: Final = 8  # digits of the longest issuer identification number (ISO/IEC 7812-1)


# Milliseconds into a slot, the code ("": silence), and what was asked.
Heard = tuple[int, str, *tuple[str, ...]]


@dataclass(slots=True)
class HealthSlot:
    """The counts of a few seconds."""

    number: int
    requests: int = 0
    approvals: int = 0
    silent: int = 0
    not_sent: int = 0
    late: int = 0
    faults: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    voids: int = 0
    void_approvals: int = 0
    drops: int = 0  # connections lost
    garbled: int = 0  # messages that nobody could read
    changed: bool = False
    latencies: list[int] = field(default_factory=lambda: [0] * _BUCKETS)
    _heard: dict[str, deque[Heard]] = field(default_factory=dict[str, deque[Heard]])

    def heard(self, now: float, code: str, asked: Asked) -> None:
        """Keep an answer ("": silence) among the latest of its role."""
        latest = self._heard.get(asked.role)
        if latest is None:
            latest = deque[Heard](maxlen=_LATEST_OF.get(asked.role, _LATEST))
            self._heard[asked.role] = latest
        latest.append((int((now - self.number * SLOT_S) * 1000), code, *asked))
        self.changed = True

    @property
    def tail(self) -> list[Heard]:
        """The latest answers of each role, in their order."""
        return sorted(one for latest in self._heard.values() for one in latest)


class IssuerHealth:
    """Rolling counts of one issuer. `monotonic` gives seconds that never step back."""

    def __init__(self, monotonic: Callable[[], float], limits: HealthLimits | None = None) -> None:
        self.answers = Histogram(_BOUNDS_S)  # since the start, for metrics
        self._monotonic = monotonic
        self._limits = limits or HealthLimits()
        self._slots: deque[HealthSlot] = deque([HealthSlot(0)])
        self._slot = self._slots[0]
        self._slot_ends = 0.0
        self._silent_in_a_row = 0
        self._state = Condition.UP
        self._state_until = 0.0

    def answered(self, code: str, latency_s: float, now: float, asked: Asked = PLAIN) -> None:
        """Count an answer with its response code; `now` is the monotonic time it came."""
        slot = self._slot if now < self._slot_ends else self._next(now)
        slot.requests += 1
        if asked.role == VOID:
            slot.voids += 1
            slot.void_approvals += code in BOOKED
        slot.heard(now, code, asked)
        codes = slot.codes
        codes[code] = codes.get(code, 0) + 1
        bucket = bisect_left(BOUNDS_MS, latency_s * 1000.0)
        slot.latencies[bucket] += 1
        self.answers.counts[bucket] += 1
        self.answers.sum += latency_s
        if code in BOOKED:
            slot.approvals += 1
        elif code in FAULTS:
            slot.faults += 1
        self._silent_in_a_row = 0

    def silence(self, asked: Asked = PLAIN) -> None:
        """Count a request that may have left this host and got no answer."""
        slot, now = self._current(), self._monotonic()
        slot.heard(now, "", asked)
        slot.requests += 1
        slot.silent += 1
        self._silent_in_a_row += 1
        if self._silent_in_a_row >= self._limits.silent_in_a_row:
            self._state_until = 0.0  # look again before the next request

    def echoed(self, answer: str) -> None:
        """Note an echo, which is no request: what answered it, empty for silence."""
        slot, now = self._current(), self._monotonic()
        slot.heard(now, answer, _ECHO)

    def not_sent(self) -> None:
        """Count a request that never left this host; it says nothing about the issuer."""
        slot = self._current()
        slot.not_sent += 1
        slot.changed = True

    def late(self) -> None:
        """Count an answer that nobody awaited any more."""
        slot = self._current()
        slot.late += 1
        slot.changed = True

    def dropped(self) -> None:
        """Count a connection that was lost, or could not be made."""
        slot = self._current()
        slot.drops += 1
        slot.changed = True

    def garbled(self) -> None:
        """Count a message of the issuer that can not be read."""
        slot = self._current()
        slot.garbled += 1
        slot.changed = True

    def changed(self) -> list[HealthSlot]:
        """Give the slots that changed since the last call."""
        slots = [slot for slot in self._slots if slot.changed]
        for slot in slots:
            slot.changed = False
        return slots

    @property
    def state(self) -> Condition:
        """Say how the issuer is; worked out anew at most once a second."""
        now = self._monotonic()
        if now >= self._state_until:
            self._state = self._judge(now)
            self._state_until = now + 1.0
        return self._state

    def _judge(self, now: float) -> Condition:
        slots = self._since(now, self._limits.judged_s)
        requests = sum(slot.requests for slot in slots)
        trouble = sum(slot.silent + slot.faults for slot in slots)
        limits = self._limits
        if requests and self._silent_in_a_row >= limits.silent_in_a_row:
            return Condition.DOWN
        if requests < limits.least:
            return Condition.UP
        if trouble >= requests * limits.down:
            return Condition.DOWN
        return Condition.DEGRADED if trouble >= requests * limits.degraded else Condition.UP

    def _since(self, now: float, seconds: float) -> list[HealthSlot]:
        oldest = int((now - seconds) // SLOT_S) + 1
        return [slot for slot in self._slots if slot.number >= oldest]

    def _current(self) -> HealthSlot:
        now = self._monotonic()
        return self._slot if now < self._slot_ends else self._next(now)

    def _next(self, now: float) -> HealthSlot:
        number = int(now // SLOT_S)
        oldest = number - int(_KEPT_S // SLOT_S)
        while self._slots and self._slots[0].number <= oldest:
            self._slots.popleft()
        self._slot = HealthSlot(number)
        self._slots.append(self._slot)
        self._slot_ends = (number + 1) * SLOT_S
        return self._slot


def percentile(latencies: list[int], share: float) -> int | None:
    """Give the upper bound in milliseconds of the bucket that reaches this share of the answers."""
    total = sum(latencies)
    if total == 0:
        return None
    reached = 0
    for bound, count in zip((*BOUNDS_MS, BOUNDS_MS[-1]), latencies, strict=True):
        reached += count
        if reached >= total * share:
            return bound
    raise AssertionError("the last bucket reaches every share")
