"""The bank's books: the orders it knows, what it has booked and will book; no account."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path

from annul.domain.payouts import BankSaid

from .behaviour import BEHAVIOURS, PAYS
from .orders import Taken

CHARGE = 10  # minor units for an order, booked with it; no payout of anybody
OPENING = 10**12  # minor units on the acquirer's account, of each currency


@dataclass(slots=True)
class Booking:
    """A movement of the acquirer's account; `told` once a notice has said so."""

    number: str
    day: str  # ISO
    said: str
    currency: str
    amount: int  # minor units
    reference: str = ""  # none: the bank's charge
    message: str = ""
    code: str = ""
    told: bool = False

    @property
    def is_debit(self) -> bool:
        """Say whether the account is left with less."""
        return self.said == BankSaid.BOOKED

    @property
    def moved(self) -> int:
        """Give its amount with its sign, for the acquirer's account."""
        return -self.amount if self.is_debit else self.amount


@dataclass(slots=True)
class Books:
    """All that the bank keeps."""

    orders: dict[str, str] = field(default_factory=dict)  # message: day
    bookings: list[Booking] = field(default_factory=list)
    stated: str = ""  # the last day that statements were given for
    files: int = 0  # that it has sent

    @classmethod
    def load(cls, file: Path) -> "Books":
        """Read them; a bank without books begins with none."""
        if not file.exists():
            return cls()
        kept = json.loads(file.read_text(encoding="utf-8"))
        return cls(**{**kept, "bookings": [Booking(**each) for each in kept["bookings"]]})

    def save(self, file: Path) -> None:
        """Keep them: whole, or as they were."""
        beside = file.with_name(f".{file.name}.new")
        beside.write_text(json.dumps(asdict(self)), encoding="utf-8")
        beside.replace(file)

    def enter(self, taken: Taken, today: date) -> None:
        """Book an order, today and on the days to come."""
        self.orders[taken.message] = today.isoformat()
        self._book(today, BankSaid.BOOKED, taken.currency, CHARGE)
        for asked in taken.asked:
            for movement in BEHAVIOURS.get(asked.ending, PAYS).movements:
                booking = self._book(
                    today + timedelta(days=movement.after),
                    movement.said,
                    taken.currency,
                    asked.amount + movement.more,
                )
                booking.reference, booking.message = asked.reference, taken.message
                booking.code = movement.code

    def due(self, today: date, *, returns_first: bool) -> list[Booking]:
        """Give what no notice has told; a payment that comes back after its return if so wished."""
        due = [each for each in self.bookings if each.day <= today.isoformat() and not each.told]
        if not returns_first:
            return due
        waits = {each.reference for each in self._to_return() if not each.told}
        returned = [each for each in due if not each.is_debit]
        return returned + [each for each in due if each.is_debit and each.reference not in waits]

    def _to_return(self) -> Iterator[Booking]:
        return (each for each in self.bookings if not each.is_debit)

    def of_day(self, day: str, currency: str) -> list[Booking]:
        """Give what was booked on a day."""
        return [each for each in self.bookings if (each.day, each.currency) == (day, currency)]

    def currencies(self, day: str) -> list[str]:
        """Name the currencies in which a day has bookings."""
        return sorted({each.currency for each in self.bookings if each.day == day})

    def balances(self, day: str, currency: str) -> tuple[int, int]:
        """Give the balances, in minor units, with which a day begins and ends."""
        mine = [each for each in self.bookings if each.currency == currency]
        opening = OPENING + sum(each.moved for each in mine if each.day < day)
        return opening, opening + sum(each.moved for each in mine if each.day == day)

    def _book(self, day: date, said: BankSaid, currency: str, amount: int) -> Booking:
        number = f"B{len(self.bookings) + 1:09}"
        booking = Booking(number, day.isoformat(), said, currency, amount)
        self.bookings.append(booking)
        return booking
