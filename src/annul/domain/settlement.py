"""When a shop's sales become money that it may be paid, by its contract. Pure.

T+1 counts working days and D+1 calendar days, as acquirers' contracts in China have it; D+0 pays on
the day itself, mostly for a fee.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from .errors import AnnulError
from .money import LARGEST

_WEEK: Final = 7
MOST_DAYS: Final = 60
MOST_FEE_PPM: Final = 49_999
MOST_RESERVE_PPM: Final = 1_000_000


class Cycle(StrEnum):
    """What days are counted after the one on which was sold."""

    WORKING = "working"  # T+n
    CALENDAR = "calendar"  # D+n
    WEEKLY = "weekly"  # on a weekday, or the first working day after it


class BadTerms(AnnulError):
    """These terms of settlement make no sense; nothing was changed."""

    code = "settlement.terms"
    next_step = (
        "Give 0 to 60 days, a weekday from 1 (Monday) to 7 for weekly terms, a fee below 5 %, and "
        "a reserve from 0 to 100 %."
    )


@dataclass(frozen=True, slots=True)
class Terms:
    """A shop's terms from a business day on; `weekday` from 1 (Monday).

    The fee, in parts per million, is taken of what a day comes to, unless that lost money. So much
    is held back of the rest; None: what the shop's own history says on D+0, otherwise nothing. A
    payout is made once at least `minimum`, in minor units, is available.
    """

    valid_from: date
    cycle: Cycle = Cycle.WORKING
    days: int = 1
    weekday: int | None = None
    fee_ppm: int = 0
    reserve_ppm: int | None = None
    minimum: int = 0

    def __post_init__(self) -> None:
        weekly = self.cycle is Cycle.WEEKLY
        if weekly != (self.weekday is not None) or not 1 <= (self.weekday or 1) <= _WEEK:
            message = f"{self.cycle} terms with weekday {self.weekday}"
            raise BadTerms(message)
        if not 0 <= self.days <= MOST_DAYS or not 0 <= self.fee_ppm <= MOST_FEE_PPM:
            message = f"{self.days} days for {self.fee_ppm} ppm"
            raise BadTerms(message)
        if not 0 <= (self.reserve_ppm or 0) <= MOST_RESERVE_PPM:
            message = f"a reserve of {self.reserve_ppm} ppm"
            raise BadTerms(message)
        if not 0 <= self.minimum <= LARGEST:
            message = f"payouts of at least {self.minimum}"
            raise BadTerms(message)

    def due(self, sold: date, works: Callable[[date], bool]) -> date:
        """Give the day on which sales of a business day become available."""
        if self.cycle is Cycle.CALENDAR:
            return sold + timedelta(days=self.days)
        if self.cycle is Cycle.WEEKLY:
            ahead = ((self.weekday or 1) - sold.isoweekday() - 1) % _WEEK + 1
            return _working(sold + timedelta(days=ahead), works)
        day = sold
        for _ in range(self.days):
            day = _working(day + timedelta(days=1), works)
        return day


DEFAULT_TERMS: Final = Terms(date.min)  # T+1


def in_force(terms: Iterable[Terms], on: date) -> Terms:
    """Give the terms in force on a day; T+1 where nothing was agreed."""
    begun = [one for one in terms if one.valid_from <= on]
    return max(begun, key=lambda one: one.valid_from, default=DEFAULT_TERMS)


def _working(day: date, works: Callable[[date], bool]) -> date:
    while not works(day):
        day += timedelta(days=1)
    return day
