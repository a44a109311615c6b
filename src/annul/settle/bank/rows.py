"""What a file for the bank is made of, and what one of the bank's is read as, in any format."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from annul.domain.errors import AnnulError
from annul.domain.payouts import BankSaid

REFERENCE: Final = 35  # characters that references, other ids and codes may have
# The bank knows this order already: what is refused is the repeat, and the first one goes its way.
REPEATS: Final = frozenset({"AM05", "DU01", "DU02", "DU03", "DU04", "DU05"})


class FileUnreadable(AnnulError):
    """This file of the bank cannot be read. Nothing of it has had an effect."""

    code = "settle.file_unreadable"
    next_step = "Look at the place that is named; ask the bank for the file once more."


class OrderUnfit(AnnulError):
    """This order cannot be written as a file. The bank has nothing of it."""

    code = "settle.order_unfit"
    next_step = "Correct what is named: of the payout's account, or of the acquirer's own."

    def __init__(self, message: str, reference: str = "") -> None:
        """Take what does not fit, and the reference of the transfer that it is of."""
        super().__init__(message)
        self.reference = reference


@dataclass(frozen=True, slots=True)
class Transfer:
    """One credit transfer; amount in minor units, `reference` comes back with all answers."""

    reference: str
    amount: int
    holder: str
    account: str
    bank: str
    text: str

    def __repr__(self) -> str:
        return f"<Transfer {self.reference}>"  # never the account


@dataclass(frozen=True, slots=True)
class Order:
    """A file's worth of credit transfers, of one currency, from one account of the acquirer."""

    message: str  # its id, unique for the bank
    made_at: datetime
    execute_on: date
    currency: str
    debtor: str
    debtor_account: str
    debtor_bank: str
    transfers: tuple[Transfer, ...]


@dataclass(frozen=True, slots=True)
class BankRow:
    """What the bank says of one payout; `line` counts from 1 within its file.

    `amount` in minor units, above zero; zero where the file gives none, as in status reports.
    `code` is the bank's reason (ISO 20022 external codes as AC04), `bank_ref` names the booking.
    Where it speaks of a whole order `reference` is empty and `message` is that order's: meant are
    all its transfers of which no other row of the file speaks, and `amount` is their sum.
    `account` is the one that was booked on, bare, where the file names it; it is only compared.
    """

    line: int
    said: BankSaid
    reference: str
    currency: str = ""
    amount: int = 0
    code: str = ""
    text: str = ""
    bank_ref: str = ""
    booked_on: date | None = None
    message: str = ""
    account: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class BankFile:
    """A file of the bank; `left_out` counts entries of others, and those not booked yet."""

    format: str  # as pain.002
    rows: tuple[BankRow, ...]
    left_out: int = 0
