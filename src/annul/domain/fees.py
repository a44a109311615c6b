"""Fees from a table with effective dates: what the merchant pays, what the schemes cost.

Defaults: the prices that merchants are promised, and the regulated upper costs since 2016.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from .errors import AnnulError
from .money import LARGEST, share
from .text import Text

CARD_TYPES: Final[Mapping[str, Text]] = {
    "debit": Text("借记卡", "Debit card"),
    "credit": Text("贷记卡", "Credit card"),
    "qr": Text("扫码", "QR code"),
}
PARTIES: Final = ("merchant", "issuer", "network")
MOST_RATE_PPM: Final = 49_999  # of a price that is agreed on


class NoFeeRate(AnnulError):
    """No fee rate is in force for this merchant, card and day, so the outcome is not booked."""

    code = "fees.no_rate"
    next_step = "Add a row to the fee table that is valid on that day."


class BadPrice(AnnulError):
    """This price makes no sense; nothing was changed."""

    code = "fees.bad_price"
    next_step = "Give a kind of card, a share from 0 to below 5 %, and a cap above zero, or none."


@dataclass(frozen=True, slots=True)
class FeeRate:
    """One row: `party` is who is paid (merchant: paid by the merchant to us; issuer; network).

    What one merchant alone has agreed on has its number as `pricing`, and goes before what its
    kind of contract says.
    """

    pricing: str
    card_type: str
    party: str
    valid_from: date
    rate_ppm: int
    cap: int | None = None

    def of(self, amount: int) -> int:
        """Give the fee of an amount, both in minor units."""
        return _capped(amount, self.rate_ppm, self.cap)


@dataclass(frozen=True, slots=True)
class Price:
    """What a merchant agrees on for a kind of card from a business day on."""

    card_type: str
    valid_from: date
    rate_ppm: int
    cap: int | None = None

    def __post_init__(self) -> None:
        rated = self.card_type in CARD_TYPES and 0 <= self.rate_ppm <= MOST_RATE_PPM
        if not rated or not (self.cap is None or 0 < self.cap <= LARGEST):
            message = f"{self.rate_ppm} ppm for {self.card_type!r} with a cap of {self.cap}"
            raise BadPrice(message)

    def of(self, amount: int) -> int:
        """Give the fee of an amount, both in minor units."""
        return _capped(amount, self.rate_ppm, self.cap)


def _capped(amount: int, rate_ppm: int, cap: int | None) -> int:
    fee = share(amount, rate_ppm)
    return fee if cap is None or fee < cap else cap


@dataclass(frozen=True, slots=True)
class Fee:
    """Fees of one transaction in minor units."""

    merchant: int
    issuer: int
    network: int

    @property
    def margin(self) -> int:
        """What is left to us."""
        return self.merchant - self.issuer - self.network


def returned(charged: int, whole: int, before: int, part: int) -> int:
    """Give what of a fee goes back with `part` of an amount of which `before` went back already.

    Shares are cumulative, so that all of them add up to what was charged, whatever the parts.
    """
    assert 0 <= before <= before + part <= whole, "no more goes back than was taken"
    return charged * (before + part) // whole - charged * before // whole


_SINCE: Final = date(2016, 9, 6)
_PRICES: Final = (
    # pricing, card type, parts per million, cap
    ("standard", "debit", 5_000, 20_00),
    ("standard", "credit", 6_000, None),
    ("standard", "qr", 3_800, None),
    ("discount", "debit", 3_800, 18_00),
    ("discount", "credit", 4_800, None),
    ("discount", "qr", 3_800, None),
    ("welfare", "debit", 0, None),
    ("welfare", "credit", 0, None),
    ("welfare", "qr", 0, None),
)
_ISSUER: Final = {"debit": (3_500, 13_00), "credit": (4_500, None), "qr": (3_500, 13_00)}
_NETWORK: Final = (325, 3_25)

DEFAULT_FEE_RATES: Final = tuple(
    rate
    for pricing, card_type, ppm, cap in _PRICES
    for rate in (
        FeeRate(pricing, card_type, "merchant", _SINCE, ppm, cap),
        # What a public-welfare merchant does not pay is not charged by the schemes either.
        FeeRate(
            pricing, card_type, "issuer", _SINCE, *((0, None) if not ppm else _ISSUER[card_type])
        ),
        FeeRate(pricing, card_type, "network", _SINCE, *((0, None) if not ppm else _NETWORK)),
    )
)


class FeeTable:
    """Fee rates, ready to be asked for each transaction."""

    def __init__(self, rates: Iterable[FeeRate]) -> None:
        rows: dict[tuple[str, str, str], list[FeeRate]] = {}
        for rate in rates:
            rows.setdefault((rate.pricing, rate.card_type, rate.party), []).append(rate)
        self._rows: Final = {
            key: tuple(sorted(found, key=lambda rate: rate.valid_from, reverse=True))
            for key, found in rows.items()
        }

    def charge(self, pricing: str, card_type: str, amount: int, on: date, own: str = "") -> Fee:
        """Give the fees of an amount at the rates in force on a day; raises `NoFeeRate`.

        `own` is the merchant, whose own prices go first.
        """
        return Fee(*(self.rate(pricing, card_type, one, on, own).of(amount) for one in PARTIES))

    def rate(self, pricing: str, card_type: str, party: str, on: date, own: str = "") -> FeeRate:
        """Give the rate in force on a day; raises `NoFeeRate`."""
        for name in (own, pricing):
            for rate in self._rows.get((name, card_type, party), ()):
                if rate.valid_from <= on:
                    return rate
        message = f"no {party} rate for {pricing}/{card_type} on {on}"
        raise NoFeeRate(message)
