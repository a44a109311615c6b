"""What goes into the device and comes out of it, and the tables of its functions and questions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from annul.domain.kinds import KINDS, REFUNDABLE, VOIDABLE

TRACE: Final = 6  # digits of a voucher number
AMOUNT: Final = 12  # characters, with the point


@dataclass(frozen=True, slots=True)
class Card:
    """A card that lies beside the device. The number is for the wish alone."""

    name: str  # English, as the catalogue has it
    masked: str
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyedOriginal:
    """An earlier transaction of this terminal, as its journal has it."""

    trace: str
    kind: str
    amount: int
    card: str
    approved: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What the cashier wants done. `kind` is a kind of transaction, empty for the rest."""

    function: str
    kind: str = ""
    amount: int = 0
    card: str = field(default="", repr=False)
    pin: str = field(default="", repr=False)
    keyed: bool = False
    voucher: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a wish, in the words of the page. Tones: good, bad, open, note.

    `strike` is the voucher number of what is owed and could not be sent.
    """

    tone: str
    title: str
    text: str = ""
    code: str = ""
    lines: Sequence[str] = ()
    strike: str = ""


@dataclass(frozen=True, slots=True)
class Idle:
    """What the screen shows while nothing is done."""

    merchant: str
    terminal: str
    batch: str
    signed_in: bool
    owed: int = 0


@dataclass(frozen=True, slots=True)
class ScreenLine:
    """A line on the screen. Looks: ask, entry, sum, big, key, bad, or none.

    `mark` is the key that chooses it, `side` stands at its right end.
    """

    text: str
    look: str = ""
    mark: str = ""
    side: str = ""


@dataclass(frozen=True, slots=True)
class Screen:
    """What the screen shows."""

    title: str
    lines: Sequence[ScreenLine]
    hint: str = ""
    tone: str = ""
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A function key: what it asks for one after the other, and as which kind it then goes out."""

    title: str
    asks: tuple[str, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()  # kind of the original to kind of the wish


FUNCTIONS: Final = {
    "sale": Function("Sale", ("amount", "card", "pin"), (("", "sale"),)),
    "void": Function(
        "Void",
        ("voucher", "original"),
        tuple((kind, KINDS[kind].voided_by) for kind in VOIDABLE),
    ),
    "refund": Function(
        "Refund",
        ("voucher", "amount", "original"),
        tuple((kind, KINDS[kind].refunded_by) for kind in REFUNDABLE),
    ),
    "balance": Function("Balance", ("card", "pin"), (("", "balance"),)),
    "qr_sale": Function("QR sale", ("amount", "scan"), (("", "qr_sale"),)),
    "sign_in": Function("Sign in"),
    "settle": Function("Settle", ("sure",)),
    "reprint": Function("Reprint slip", ("printed",)),
}
STRIKE: Final = Function("Clear reversal", ("strike",))

# What is asked: title, what stands beneath it, longest entry, whether it is hidden.
ASKED: Final = {
    "amount": ("Amount in yuan", "OK to continue", AMOUNT, False),
    "card": ("Choose a card", "OK takes the first", 0, False),
    "number": ("Key in the card number", "OK to continue", 19, True),
    "pin": ("Key in the PIN", "OK without a PIN to skip it", 12, True),
    "voucher": ("Voucher number of the sale", "See the slip", TRACE, False),
    "printed": ("Voucher number to print", "OK alone prints the last one", TRACE, False),
    "scan": ("The customer shows a code", "OK scans it", 0, False),
    "original": ("Is this the one?", "OK sends it, Cancel leaves it", 0, False),
    "sure": ("Close the batch?", "OK settles, Cancel leaves it open", 0, False),
    "strike": (
        "Has the acquirer settled it by hand?",
        "OK clears it, Cancel leaves it",
        0,
        False,
    ),
}
