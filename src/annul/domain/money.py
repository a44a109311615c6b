"""Money is an integer of minor units; this is how it is read, shown and rounded."""

import re
from decimal import Decimal
from typing import Final

from .errors import AnnulError
from .text import Text

# ISO 4217: numeric code -> (letters, digits after the point).
CURRENCIES: Final = {
    "156": ("CNY", 2),
    "344": ("HKD", 2),
    "392": ("JPY", 0),
    "446": ("MOP", 2),
    "702": ("SGD", 2),
    "840": ("USD", 2),
    "978": ("EUR", 2),
}
LARGEST: Final = 999_999_999_999  # twelve digits, field 4
_AMOUNT: Final = re.compile(r"(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)
_MILLION: Final = 1_000_000


class AmountError(AnnulError):
    """This is not a valid amount, so nothing was done. No money has moved."""

    code = "money.amount"
    next_step = "Enter an amount above zero, such as 100 or 100.00."


def parse(text: str, currency: str = "156") -> int:
    """Read "100.00" as 10000 minor units; raises `AmountError`."""
    digits = CURRENCIES[currency][1]
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or len(match[2] or "") > digits:
        message = f"{text!r} is not an amount with at most {digits} decimals"
        raise AmountError(message)
    minor = int(match[1]) * 10**digits + int((match[2] or "").ljust(digits, "0") or 0)
    if not 0 < minor <= LARGEST:
        message = f"{text!r} is not between the smallest unit and {LARGEST} minor units"
        raise AmountError(message)
    return minor


def told(minor: int, currency: str = "156") -> Text:
    """Write an amount as the trade does in each language: ¥1,234.50, CNY 1,234.50."""
    from babel.numbers import format_currency  # most commands start without it

    letters, digits = CURRENCIES.get(currency, (currency, 2))
    amount = Decimal(minor).scaleb(-digits)
    plain = format_currency(amount, letters, "¤¤ #,##0.00", locale="en").strip()
    known = currency in CURRENCIES
    return Text(format_currency(amount, letters, locale="zh_CN") if known else plain, plain)


def show(minor: int, currency: str = "156") -> str:
    """Write 10000 minor units as "100.00": what is typed in, printed or put into a message."""
    digits = CURRENCIES.get(currency, ("", 2))[1]
    sign = "-" if minor < 0 else ""
    if not digits:
        return f"{sign}{abs(minor)}"
    whole, rest = divmod(abs(minor), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}d}"


def share(amount: int, rate_ppm: int) -> int:
    """Give `rate_ppm` parts per million of an amount, rounded half up to the minor unit."""
    return (amount * rate_ppm + _MILLION // 2) // _MILLION
