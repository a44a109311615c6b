"""Faults on demand: each has a rate and may be aimed; the same seed gives the same faults."""

from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Final


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
    CODE = "code"  # refused with `code`


@dataclass(slots=True)
class Fault:
    """One fault: how often (0 to 1), and to which requests.

    `low_ms` and `high_ms` bound a delay; an empty selector means any; `left` counts down, None
    means without end.
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
        )


@dataclass(slots=True)
class Met:
    """The faults that one request meets."""

    delay_s: float = 0.0
    kinds: set[FaultKind] = field(default_factory=set)
    code: str = ""


NONE: Final = Met()


class Faults:
    """All faults in force, drawn from one seeded source."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rows: list[Fault] = []
        self.met: dict[str, int] = {}
        self._random = Random(seed)  # noqa: S311 - faults, not secrets

    def draw(self, kind: str, pan: str, merchant: str, terminal: str, amount: int) -> Met:
        """Decide what a request meets."""
        if not self.rows:
            return NONE
        met = Met()
        for row in self.rows:
            if not row.aims_at(kind, pan, merchant, terminal, amount):
                continue
            if self._random.random() >= row.rate:
                continue
            if row.left is not None:
                row.left -= 1
            self.met[row.kind] = self.met.get(row.kind, 0) + 1
            if row.kind is FaultKind.DELAY:
                met.delay_s += self._random.uniform(row.low_ms, row.high_ms) / 1000
            elif row.kind is FaultKind.CODE:
                met.code = row.code
            else:
                met.kinds.add(row.kind)
        return met
