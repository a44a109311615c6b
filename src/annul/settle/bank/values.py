"""Amounts, dates and references as files have them: written for the bank, read with suspicion."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from annul.domain.money import CURRENCIES

from .rows import REFERENCE, FileUnreadable

_LETTERS: Final = {letters: numeric for numeric, (letters, _) in CURRENCIES.items()}
_DECIMALS: Final = 2  # of currencies in which nothing is paid out
_AMOUNT: Final = re.compile(r"\d{1,15}(?:\.\d{0,6})?", re.ASCII)
_REFERENCE: Final = re.compile(r"[0-9A-Fa-f]{32}", re.ASCII)
_ACCOUNT: Final = re.compile(r"\b[A-Z]{2}\d\d[0-9A-Z]{8,30}\b|\d(?:[ -]?\d){7,}", re.ASCII)
_TEXT: Final = 140  # characters of a text that are kept, as ISO 20022 has them


def numeric(currency: str) -> str:
    """Give the number of a currency's letters; letters that are not known stay as they are."""
    return _LETTERS.get(currency, short(currency))


def letters(currency: str) -> str:
    """Give the letters of a currency's number."""
    return CURRENCIES.get(currency, (currency, 0))[0]


def minor(text: str, currency: str, place: str) -> int:
    """Read "12.30" as 1230 minor units, `currency` by its number; raises `FileUnreadable`."""
    digits = CURRENCIES.get(currency, ("", _DECIMALS))[1]
    if not _AMOUNT.fullmatch(text):
        message = f"{place}: not an amount"
        raise FileUnreadable(message)
    amount = Decimal(text).scaleb(digits)
    if amount != int(amount):
        message = f"{place}: an amount with more than {digits} decimals"
        raise FileUnreadable(message)
    return int(amount)


def day(text: str, place: str) -> date | None:
    """Read a date or the date of a time, nothing as none; raises `FileUnreadable`."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).date() if "T" in text else date.fromisoformat(text[:10])
    except ValueError as error:
        message = f"{place}: not a date"
        raise FileUnreadable(message) from error


def ours(text: str) -> str:
    """Give the reference of a payout if this is one, else nothing: it is of somebody else."""
    return text.lower() if _REFERENCE.fullmatch(text) else ""


def plain(text: str, most: int = _TEXT) -> str:
    """Put spaces for what is no text in a file, as line breaks, and cut."""
    seen = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(seen.split())[:most].rstrip()


def bare(account: str) -> str:
    """Give an account's number as two of them are compared: no spaces, capital letters."""
    return "".join(account.split()).upper()


def short(text: str) -> str:
    """Give an id or a code of the bank as it may be kept: ISO 20022 lets none be longer."""
    return plain(text, REFERENCE)


def told(text: str) -> str:
    """Give a text of the bank as it may be kept: of what may be an account only the last four."""
    return plain(_ACCOUNT.sub(lambda found: f"*{found[0][-4:]}", text))
