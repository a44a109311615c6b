"""What a response code reads like where a customer sees it: paper, and the screen of a till.

Nobody standing at a till learns there that the bank suspects them, or that a card is to be kept:
such codes have a neutral text, and the cashier is told to call the acquirer.
"""

from dataclasses import dataclass
from typing import Final

from .response_codes import describe
from .text import Text

# Codes by which an issuer says something of risk, of the card's keeping or of security.
CONFIDENTIAL: Final = frozenset(
    {"04", "07", "33", "34", "35", "36", "37", "38", "41", "43", "59", "62", "63", "66", "67", "93"}
)
_NEUTRAL: Final = Text("发卡行未受理", "Not accepted by the bank")
_ASK_BANK: Final = Text("如有疑问请联系发卡银行", "Please ask the bank that issued the card.")
_CALL: Final = Text(
    "未动账。勿重复操作，请联系收单机构",
    "No money moved. Do not repeat it; call the acquirer.",
)


@dataclass(frozen=True, slots=True)
class ShownCode:
    """The title that anybody may read, and what to do: for the customer, and for the cashier."""

    title: Text
    customer: Text
    cashier: Text


def shown(code: str) -> ShownCode:
    """Give what a code reads like at a till."""
    described = describe(code)
    if code in CONFIDENTIAL:
        return ShownCode(_NEUTRAL, _ASK_BANK, _CALL)
    return ShownCode(described.title, described.advice, described.advice)
