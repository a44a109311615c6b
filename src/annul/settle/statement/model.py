"""A statement: what stood at the beginning of a period, what moved, what stood at its end. Pure.

Amounts are minor units with the sign of what they do to the merchant: a sale is above zero, its fee
below, a void and the fee that it gives back the other way round.
"""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from annul.domain.business_day import CutOvers
from annul.domain.errors import AnnulError
from annul.domain.ledger import (
    MERCHANT_AVAILABLE,
    MERCHANT_FROZEN,
    MERCHANT_IN_PAYOUT,
    MERCHANT_PENDING,
    MERCHANT_RESERVE,
    PostingKind,
)
from annul.domain.payouts import MOVES
from annul.domain.text import Text

ACCOUNTS: Final[Mapping[str, Text]] = {
    MERCHANT_PENDING: Text("在途", "Pending"),
    MERCHANT_AVAILABLE: Text("可用", "Available"),
    MERCHANT_IN_PAYOUT: Text("划付中", "On its way"),
    MERCHANT_FROZEN: Text("冻结", "Frozen"),
    MERCHANT_RESERVE: Text("准备金", "Reserve"),
}
TAKEN: Final = "taken"
GIVEN_BACK: Final = "given_back"
FEES: Final = "fees"
EARLY_FEE: Final = "early_fee"
# What moves money of a merchant, in the order in which it is told.
MOVEMENTS: Final[Mapping[str, Text]] = {
    TAKEN: Text("消费", "Sold"),
    GIVEN_BACK: Text("退回（撤销、退货、冲正）", "Given back (voids, refunds, reversals)"),
    FEES: Text("手续费（扣除已退）", "Fees, less those given back"),
    PostingKind.SETTLEMENT: Text("转为可用", "Became available"),
    EARLY_FEE: Text("提前到账费", "Fee for early settlement"),
    **{kind: Text(text.zh, text.en[:1].upper() + text.en[1:]) for kind, text in MOVES.items()},
    PostingKind.PAYOUT: Text("发起划付", "Sent on its way"),
    PostingKind.PAID: Text("银行已入账", "Booked by the bank"),
}
Sums = dict[str, int]  # by account
_PERIOD: Final = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?", re.ASCII)
_DAY: Final = timedelta(days=1)


class BadPeriod(AnnulError):
    """This is neither a month nor a day."""

    code = "statement.period"
    next_step = "Give a month as 2026-11, or a day as 2026-11-26."


class NotClosed(AnnulError):
    """No business day of this period is closed yet, so there is nothing to state."""

    code = "statement.not_closed"
    next_step = "Ask again once the day has been closed, some minutes after its cut-over."


class NoMerchant(AnnulError):
    """Nobody is known by this number here."""

    code = "statement.merchant"
    next_step = "Check the number, and in which cell the merchant lives."


class DoesNotAddUp(AnnulError):
    """What stands in the books does not add up to the balance, so no statement is given."""

    code = "statement.sums"
    next_step = "Run annul audit, and have what it finds cleared up first."


@dataclass(frozen=True, slots=True)
class Period:
    """A month or a business day: its first and its last day."""

    first: date
    last: date

    @classmethod
    def of(cls, text: str) -> "Period":
        """Read "2026-11" or "2026-11-26"; raises `BadPeriod`."""
        found = _PERIOD.fullmatch(text)
        message = f"{text!r} is no month and no day"
        if found is None:
            raise BadPeriod(message)
        try:
            first = date(int(found[1]), int(found[2]), int(found[3] or 1))
        except ValueError:
            raise BadPeriod(message) from None
        if found[3]:
            return cls(first, first)
        return cls(first, first.replace(day=calendar.monthrange(first.year, first.month)[1]))

    @classmethod
    def before(cls, day: date) -> "Period":
        """Give the month that had ended before a day's."""
        return cls.of(f"{day.replace(day=1) - _DAY:%Y-%m}")

    def __str__(self) -> str:
        return f"{self.first:%Y-%m-%d}" if self.first == self.last else f"{self.first:%Y-%m}"


class Payout(NamedTuple):
    """A payout, as it stood when the statement was asked for."""

    id: UUID
    currency: str
    amount: int
    run_on: date
    state: str
    account: str  # its last four digits
    bank_code: str
    bank_text: str
    paid_at: datetime | None
    returned_at: datetime | None


class Day(NamedTuple):
    """A closed business day; `available_at` and `payout_id` as they stood when asked for."""

    business_date: date
    currency: str
    taken: int
    given_back: int
    fees: int
    net: int
    fee: int
    due_on: date
    available_at: datetime | None
    payout_id: UUID | None


class Move(NamedTuple):
    """What changed what is available apart from business days; `payout_id` as it stood."""

    business_date: date
    currency: str
    kind: str
    amount: int
    reason: str
    about: UUID | None
    payout_id: UUID | None


class Line(NamedTuple):
    """A transaction as it was booked, or booked back; `original_` is what it undoes."""

    at: datetime
    business_date: date
    currency: str
    posting: str
    kind: str
    terminal_id: str
    batch: str
    trace: str
    rrn: str
    card_masked: str
    amount: int
    fee: int
    original_rrn: str
    original_date: date | None

    @property
    def net(self) -> int:
        """What the merchant gets of it."""
        return self.amount + self.fee


@dataclass(frozen=True, slots=True)
class Account:
    """A merchant's money of one currency: what stood, what moved it, and what stood then."""

    currency: str
    opening: Sums
    moved: Mapping[str, Sums]  # by movement

    @property
    def closing(self) -> Sums:
        """What stood at the end."""
        return {
            account: self.opening.get(account, 0)
            + sum(sums.get(account, 0) for sums in self.moved.values())
            for account in ACCOUNTS
        }


@dataclass(frozen=True, slots=True)
class Statement:
    """All of it but its transactions; `until` is the last business day of it that was closed."""

    merchant_id: str
    name: Text
    period: Period
    until: date
    as_of: datetime
    accounts: tuple[Account, ...]
    days: tuple[Day, ...]
    payouts: tuple[Payout, ...]
    moves: tuple[Move, ...]
    ends: CutOvers = ()  # by contract, what held in the period, the oldest first

    @property
    def whole(self) -> bool:
        """Whether every day of the period is closed, so that nothing of it changes any more."""
        return self.until == self.period.last
