"""What each standing of a voucher looks and reads like to a shop, and what to tell the customer."""

from dataclasses import dataclass
from typing import Final

from annul.desk.shop import Standing, Voucher
from annul.domain.kinds import REFUNDS


@dataclass(frozen=True, slots=True)
class Sign:
    """What a standing looks and reads like; the texts are the catalogue's keys."""

    icon: str
    tone: str
    title: str
    money: str
    tell: str


SIGNS: Final = {
    Standing.VOIDED: Sign(
        "check",
        "good",
        "Voided",
        "The sale is cancelled. The money goes back to the card it came from.",
        "Your payment is cancelled. When your bank shows it depends on the bank; mostly it is "
        "there the same day.",
    ),
    Standing.REFUNDED: Sign(
        "check",
        "good",
        "Refunded",
        "The whole amount goes back to the card as a refund.",
        "The whole amount comes back to the same card as a refund. That takes the bank a little "
        "longer, mostly a few working days.",
    ),
    Standing.PARTLY: Sign(
        "check",
        "good",
        "Refunded in part",
        "{part} goes back to the card as a refund; the rest of the sale stands.",
        "{part} comes back to the same card, mostly within a few working days.",
    ),
    Standing.WORKING: Sign(
        "dots",
        "warn",
        "Being worked on",
        "The outcome is not certain yet. No money is lost.",
        "We are getting it cleared up. You need not wait here: keep the slip, its code shows how "
        "it stands.",
    ),
    Standing.UNPROVED: Sign(
        "question",
        "warn",
        "Outcome unproved",
        "The bank has not said where the money is. It is being cleared up with the bank that "
        "issued the card; you are told as soon as it is known.",
        "We are clearing it up with your bank. Keep the slip: its code shows the outcome as soon "
        "as it is known.",
    ),
    Standing.REFUSED: Sign(
        "exclamation",
        "bad",
        "Not voided",
        "The sale stands: the money has not gone back.",
        "The payment could not be cancelled, so it stays as it is.",
    ),
    Standing.WITHDRAWN: Sign(
        "yuan",
        "info",
        "Void withdrawn",
        "The sale stands, as the shop has said. No money has gone back.",
        "Your payment stands; nothing has been cancelled.",
    ),
    Standing.STANDS: Sign(
        "yuan",
        "info",
        "The sale stands",
        "It was paid, and nobody has asked for it to be undone.",
        "You have paid; nothing has been cancelled.",
    ),
    Standing.NOTHING: Sign(
        "dash",
        "info",
        "Nothing was charged",
        "The sale did not go through or was taken back. No money is owed either way.",
        "You have not been charged.",
    ),
}

_NOT_REFUNDED: Final = Sign(
    "exclamation",
    "bad",
    "Not refunded",
    "The refund did not go through: the money has not gone back.",
    "The refund could not be made; you have not got this money back yet.",
)


def sign_of(one: Voucher) -> Sign:
    """Give how it looks and reads; what did not go through reads by what was asked for."""
    if one.standing is Standing.REFUSED and one.kind in REFUNDS:
        return _NOT_REFUNDED
    return SIGNS[one.standing]
