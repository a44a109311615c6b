"""Faults on demand: each has a rate and may be aimed; the same seed gives the same faults."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Final

from .entries import IN_PART, Booking


class FaultKind(StrEnum):
    """What goes wrong."""

    DELAY = "delay"  # processed, answered later
    LOST_REQUEST = "lost_request"  # not processed, not answered
    LOST_ANSWER = "lost_answer"  # processed, not answered
    DUPLICATE = "duplicate"  # answered twice
    GARBLED = "garbled"  # processed, answered with bytes that make no sense
    WRONG_MAC = "wrong_mac"  # processed, answered under a wrong MAC
    CLOSE_BEFORE = "close_before"  # the connection ends before the request is processed
    CLOSE_AFTER = "close_after"  # ... after it was processed
    CODE = "code"  # refused with `code`; a reversal so refused undoes nothing

    # What is booked is not what is said.
    BOOKS_LATE = "books_late"  # silent, unknown to its reversal, booked all the same, then answered
    BOOKS_LATE_SILENTLY = "books_late_silently"  # the same, never answered
    BOOKED_CODE = "booked_code"  # booked, answered `code`
    PARTIAL = "partial"  # half is booked, approved in part
    TWICE = "twice"  # booked twice, approved twice
    WAVERS = "wavers"  # booked, answered 51 and at once 00
    OTHER_AMOUNT = "other_amount"  # double is booked, and said
    LONG_BALANCE = "long_balance"  # booked, approved with field 54 of 40 characters
    FORGETS = "forgets"  # booked, but no later message finds it

    # Booked as asked, and answered with another one.
    OTHER_CURRENCY = "other_currency"
    OTHER_TRACE = "other_trace"
    OTHER_TERMINAL = "other_terminal"
    OTHER_REFERENCE = "other_reference"


_LATE: Final = frozenset({FaultKind.BOOKS_LATE, FaultKind.BOOKS_LATE_SILENTLY})
# Of what is booked: a reversal never meets them.
_OF_REQUESTS: Final = _LATE | {
    FaultKind.BOOKED_CODE,
    FaultKind.PARTIAL,
    FaultKind.TWICE,
    FaultKind.WAVERS,
    FaultKind.OTHER_AMOUNT,
    FaultKind.LONG_BALANCE,
    FaultKind.FORGETS,
}
REVERSAL: Final = "reversal"


@dataclass(slots=True)
class Fault:
    """One fault: how often (0 to 1), and to which requests.

    `low_ms` and `high_ms` bound a delay, or the time after which a request is booked late; an
    empty selector means any; `left` counts down, None means without end.
    """

    kind: FaultKind
    rate: float = 1.0
    code: str = "96"
    low_ms: int = 0
    high_ms: int = 0
    of_kind: str = ""
    bin: str = ""
    merchant: str = ""
    terminal: str = ""
    lowest: int = 0
    highest: int = 10**12
    left: int | None = None

    def aims_at(self, kind: str, pan: str, merchant: str, terminal: str, amount: int) -> bool:
        """Say whether a request is one of those that may meet this fault."""
        return (
            (not self.of_kind or self.of_kind == kind)
            and pan.startswith(self.bin)
            and (not self.merchant or self.merchant == merchant)
            and (not self.terminal or self.terminal == terminal)
            and self.lowest <= amount <= self.highest
            and self.left != 0
            and not (kind == REVERSAL and self.kind in _OF_REQUESTS)
        )


# What the issuers of a sandbox for training always do, so that a lesson can count on it: a void of
# exactly this amount (minor units) is not supported.
NOT_VOIDED: Final = 40_40
TRAINING: Final = (
    Fault(FaultKind.CODE, code="40", of_kind="void", lowest=NOT_VOIDED, highest=NOT_VOIDED),
)


@dataclass(slots=True)
class Met:
    """The faults that one request meets.

    `code` refuses it, `said` is answered though it is booked; `late_s` is when it is booked late.
    """

    delay_s: float = 0.0
    kinds: set[FaultKind] = field(default_factory=set)
    code: str = ""
    said: str = ""
    late_s: float | None = None

    def booking(self, amount: int) -> Booking:
        """Give how a request of this amount is booked."""
        code = Booking(amount).code
        if FaultKind.PARTIAL in self.kinds:
            amount, code = max(1, amount // 2), IN_PART
        if FaultKind.OTHER_AMOUNT in self.kinds:
            amount *= 2
        times = 2 if FaultKind.TWICE in self.kinds else 1
        return Booking(amount, times, code, FaultKind.FORGETS in self.kinds)


NONE: Final = Met()


class Faults:
    """All faults in force, drawn from one seeded source.

    `standing` are met beside whatever is set and taken away in `rows`.
    """

    def __init__(self, seed: int, standing: Sequence[Fault] = ()) -> None:
        self.seed = seed
        self.standing = standing
        self.rows: list[Fault] = []
        self.met: dict[str, int] = {}
        # Of each row its own, so that one that is left out changes nothing of the others.
        self._chances: dict[tuple[object, ...], Random] = {}

    def draw(self, kind: str, pan: str, merchant: str, terminal: str, amount: int) -> Met:
        """Decide what a request meets."""
        if not self.rows and not self.standing:
            return NONE
        met = Met()
        for row in (*self.standing, *self.rows):
            if not row.aims_at(kind, pan, merchant, terminal, amount):
                continue
            if self._chance(row).random() >= row.rate:
                continue
            if row.left is not None:
                row.left -= 1
            self.met[row.kind] = self.met.get(row.kind, 0) + 1
            self._meet(row, met)
        return met

    def _meet(self, row: Fault, met: Met) -> None:
        """Add a fault to what a request meets."""
        if row.kind is FaultKind.CODE:
            met.code = row.code
            return
        if row.kind is FaultKind.BOOKED_CODE:
            met.said = row.code
        elif row.kind is FaultKind.DELAY:
            met.delay_s += self._between(row)
        elif row.kind in _LATE:
            met.late_s = self._between(row)
        met.kinds.add(row.kind)

    def _between(self, row: Fault) -> float:
        return self._chance(row).uniform(row.low_ms, row.high_ms) / 1000

    def _chance(self, row: Fault) -> Random:
        key = (row.kind, row.code, row.of_kind, row.bin, row.merchant, row.terminal, row.low_ms)
        found = self._chances.get(key)
        if found is None:
            named = " ".join(map(str, (self.seed, *key)))
            found = self._chances[key] = Random(named)  # noqa: S311 - faults, not secrets
        return found
