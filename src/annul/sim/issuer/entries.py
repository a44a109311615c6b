"""What the issuer's books hold: accounts, and one entry for each request."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
APPROVED: Final = "00"
IN_PART: Final = "10"


class Key(NamedTuple):
    """By what the network knows a request: time (7), trace (11), acquirer (32), forwarder (33)."""

    time: str
    trace: str
    acquirer: str
    forwarder: str

    @classmethod
    def of(cls, time: str, trace: str, acquirer: str, forwarder: str) -> "Key":
        """Make one of the fields as they came; field 90 fills institutions up with zeros."""
        return cls(time, trace, acquirer.zfill(11), forwarder.zfill(11))

    @classmethod
    def named(cls, original: str) -> "Key":
        """Make one of field 90: MTI (4), trace (6), time (10), acquirer and forwarder (11 each)."""
        return cls.of(original[10:20], original[4:10], original[20:31], original[31:42])


class Booking(NamedTuple):
    """How a request is booked if it is approved; a good issuer books what was asked, once."""

    amount: int
    times: int = 1
    code: str = APPROVED
    forgotten: bool = False  # no later request finds it as its original


@dataclass(slots=True)
class Account:
    """One card: what is on it, what is set aside, how it stands; amounts in minor units."""

    pan: str = field(repr=False)
    balance: int
    opening: int
    held: int = 0
    state: str = "active"
    pin: str = field(default="", repr=False)  # empty: any PIN is right
    last_void: datetime = _EPOCH
    day: date = date.min
    spent: int = 0
    count: int = 0
    voids: int = 0

    def clear(self) -> None:
        """Go back to the opening, as if nothing had been booked."""
        self.balance, self.held, self.last_void = self.opening, 0, _EPOCH
        self.day, self.spent, self.count, self.voids = date.min, 0, 0, 0

    def spent_on(self, at: datetime) -> int:
        """Give what was taken on the day of `at`."""
        self._turn(at)
        return self.spent

    def count_on(self, at: datetime) -> int:
        """Count what was approved on the day of `at`."""
        self._turn(at)
        return self.count

    def voids_on(self, at: datetime) -> int:
        """Count the voids on the day of `at`."""
        self._turn(at)
        return self.voids

    def _turn(self, at: datetime) -> None:
        if self.day != at.date():
            self.day, self.spent, self.count, self.voids = at.date(), 0, 0, 0


@dataclass(slots=True)
class BookEntry:
    """One request: what was asked, what the issuer has done, and what became of it later.

    `code` is what the issuer decided, `said` what it answered last. `net` is what it moved from
    the cardholder and left there, minus for money given back; `held` what it still sets aside.
    `freed` and `undid` are what it took off its original, so that a reversal puts it back.
    """

    key: Key
    kind: str
    pan: str = field(repr=False)
    asked: int
    at: datetime
    merchant: str = ""
    terminal: str = ""
    rrn: str = ""
    original: Key | None = None
    code: str = ""
    said: str = ""
    auth_code: str = ""
    second_code: str = ""  # of a request that was booked twice
    amount: int = 0  # of one booking
    times: int = 1
    forgotten: bool = False
    reversed: bool = False
    net: int = 0
    held: int = 0
    freed: int = 0
    undid: int = 0
    undone: int = 0

    @property
    def booked(self) -> bool:
        """Whether the issuer decided to do it; it may have been reversed since."""
        return self.code in {APPROVED, IN_PART}

    def same(self, kind: str, pan: str, merchant: str, terminal: str, asked: int) -> bool:
        """Say whether a request with the same key is this one again."""
        mine = (self.kind, self.pan, self.merchant, self.terminal, self.asked)
        return mine == (kind, pan, merchant, terminal, asked)

    def clear(self) -> None:
        """Forget what it has moved and what became of it."""
        self.reversed = False
        self.net = self.held = self.freed = self.undid = self.undone = 0
