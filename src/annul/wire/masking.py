"""What of a card may be shown: the first six and the last four digits.

`scan` is the net under everything that is shown as text: a number that could be a card's is masked
wherever it stands. It rather masks one too many, so what a layout proves to be no card number (a
merchant's number, a trace beside a date) does not go through it: `shown` says which.
"""

import re
from typing import Final

_TRACK: Final = re.compile(r"^(\d{8,19})([D=])(.*)$", re.DOTALL)
_PARTED: Final = 11  # below this, first six and last four would be nearly all of it
_SHORTEST, _LONGEST = 13, 19  # digits of a card number
_UNION: Final = 16  # of one of UnionPay's, which begin with 62
_FIRST, _LAST = 6, 4  # of them that may be shown
# Digits in a row, also with single blanks or dashes between them; \d takes full-width digits too.
_RUN: Final = re.compile(r"\d(?:[ \-\u00a0\u2010-\u2014\u3000\uff0d]?\d){12,}")
_INDUSTRIES: Final = frozenset("3456789")  # first digits of cards, but for 0 to 2
_FIRSTS: Final = _INDUSTRIES | {"2"}
# How numbers of fewer digits than 16 begin.
_SHORT: Final[dict[int, str | tuple[str, ...]]] = {
    13: "4",
    14: ("30", "36", "38", "39"),
    15: ("34", "37", "1800", "2131"),
}
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def mask_pan(pan: str) -> str:
    """Show 6200000000000005 as 620000******0005; a shorter number shows its last four at most."""
    if len(pan) < _PARTED:
        return "*" * max(len(pan) - 4, 0) + pan[-4:] if len(pan) > 4 else "*" * len(pan)
    return f"{pan[:6]}{'*' * (len(pan) - 10)}{pan[-4:]}"


def mask_track(track: str) -> str:
    """Show a track's card number masked and nothing of what follows it."""
    match = _TRACK.match(track)
    return f"{mask_pan(match[1])}{match[2]}{'*' * len(match[3])}" if match else "*" * len(track)


def scan(text: str) -> str:
    """Mask whatever in a text could be a card number; lengths stay, other text stays as it is.

    That is 13 to 19 digits that pass Luhn and do not begin with 0, or 16 and more that begin with
    62 (not all of UnionPay's numbers pass), also within a longer row of digits (a length before
    them, an expiry date after them) and with blanks or dashes between.
    """
    return _RUN.sub(lambda match: _masked(match[0]), text)


def scan_numbers(text: str) -> str:
    """Mask as `scan` what stands where numbers of their own are meant: a merchant's, a reference.

    Of up to 15 digits only what is a card as a whole is masked.
    """

    def masked(found: re.Match[str]) -> str:
        digits = _digits(found[0])
        other = len(digits) < _UNION and not is_card("".join(map(str, digits)))
        return found[0] if other else _masked(found[0])

    return _RUN.sub(masked, text)


def is_card(digits: str) -> bool:
    """Say whether digits as a whole pass as a card number: by length, first digits and Luhn.

    Fewer than 16 have schemes of their own: a merchant's 15 digits are none of theirs.
    """
    if not _SHORTEST <= len(digits) <= _LONGEST or digits[0] not in _FIRSTS:
        return False
    if len(digits) >= _UNION and digits.startswith("62"):
        return True
    sums = sum(int(char) if place % 2 == 0 else _DOUBLED[int(char)]
               for place, char in enumerate(reversed(digits)))  # fmt: skip
    return sums % 10 == 0 and digits.startswith(_SHORT.get(len(digits), ""))


def holds_card(raw: bytes) -> bool:
    """Say whether bytes could hold a card number, as packed digits or as characters."""
    texts = (raw.hex(), raw.decode("latin-1"))
    return any(_secret(_digits(match[0])) for text in texts for match in _RUN.finditer(text))


def opens_with_card(digits: str) -> bool:
    """Say whether digits begin with what could be a card number: as `scan`, from here on.

    Numbers that count up (batches) begin with 0 for long, and a card's second digit is seldom 0.
    """
    if digits[:1] not in _INDUSTRIES or digits[1:2] == "0":
        return False
    return bool(_secret(_digits(digits), starts=1))


def _digits(run: str) -> list[int]:
    return [int(char) for char in run if char.isdecimal()]


def _masked(run: str) -> str:
    secret = _secret(_digits(run))
    if not secret:
        return run
    shown: list[str] = []
    place = 0
    for char in run:
        digit = char.isdecimal()
        shown.append("*" if digit and place in secret else char)
        place += digit
    return "".join(shown)


def _secret(digits: list[int], *, starts: int | None = None) -> set[int]:
    """Find the places between first six and last four of every card number that could be here.

    `starts` limits where one may begin: at the first so many digits.
    """
    size = len(digits)
    # Sums from the left with every second digit doubled, beginning with the first or the second:
    # any part's check sum is then the difference of two of them.
    even, odd = [0], [0]
    for place, digit in enumerate(digits):
        twice = _DOUBLED[digit]
        even.append(even[-1] + (twice if place % 2 else digit))
        odd.append(odd[-1] + (digit if place % 2 else twice))
    found: set[int] = set()
    for start in range(min(starts or size, size - _SHORTEST + 1)):
        if not digits[start]:
            continue  # no card number begins with 0; padding and amounts do
        union = digits[start] == 6 and digits[start + 1] == 2
        for end in range(start + _SHORTEST, min(start + _LONGEST, size) + 1):
            sums = odd if end % 2 == 0 else even  # the last digit is not doubled
            if (sums[end] - sums[start]) % 10 == 0 or (union and end - start >= _UNION):
                found.update(range(start + _FIRST, end - _LAST))
    return found
