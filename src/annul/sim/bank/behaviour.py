"""What the bank does with a transfer, by the last two digits of the account it goes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from annul.domain.payouts import BankSaid


@dataclass(frozen=True, slots=True)
class Movement:
    """A booking, `after` days; of the ordered amount and `more` minor units."""

    said: BankSaid = BankSaid.BOOKED
    after: int = 0
    more: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the bank says at first (nothing: it is silent), why, and what it then books."""

    status: str = "ACSP"
    code: str = ""
    movements: tuple[Movement, ...] = (Movement(),)


RETURN_AFTER: Final = 2  # days
_RETURN: Final = Movement(BankSaid.RETURNED, RETURN_AFTER, code="AC04")
PAYS: Final = Behaviour()
BEHAVIOURS: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {
        "91": Behaviour("RJCT", "AC04", ()),
        "92": Behaviour(movements=(Movement(), _RETURN)),
        "93": Behaviour("RJCT", "AC04"),  # and yet it has paid
        "94": Behaviour(movements=(Movement(), Movement())),
        "95": Behaviour("", movements=()),  # never a word, and no money
        "96": Behaviour(movements=(Movement(more=1),)),
        "97": Behaviour(movements=(Movement(after=3),)),
        "98": Behaviour("", movements=(Movement(),)),  # paid, and only a statement says so
    }
)


def behaviour(account: str) -> Behaviour:
    """Look up an account; the others are paid."""
    return BEHAVIOURS.get(account[-2:], PAYS)
