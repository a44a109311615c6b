"""What a clearing file is read as, whatever its layout: rows, and lines that are none."""

import re
from datetime import date
from typing import Final, NamedTuple

from annul.domain.errors import AnnulError
from annul.domain.text import Text
from annul.wire.masking import mask_pan, scan

_LONG: Final = re.compile(r"\d{12}\d+")
SHOWN: Final = 200  # characters of a bad line that are kept


class ClearingUnreadable(AnnulError):
    """This clearing file cannot be read. Nothing of it has had an effect."""

    code = "settle.clearing_unreadable"
    next_step = (
        "Look at what is named; choose the layout or the columns, or ask for the file again."
    )


class ClearingRow(NamedTuple):
    """What the clearing says of one transaction; texts are empty where the file does not say.

    `line` counts from 1. `card` is in clear: who keeps rows hashes it and forgets it. `kind` is a
    kind's name, as sale, void, refund, completion. `amount` in minor units of `currency` (ISO 4217
    number), above zero. `fee` in the same units, positive where the acquirer pays it, none where
    the file names none. `sent_at` and `original_at` are MMDDhhmmss. `code` is a response code.
    `undone` says that this was undone later: R by a reversal, C by a void.
    """

    line: int
    merchant_id: str
    terminal_id: str
    trace: str
    rrn: str
    auth_code: str
    card: str
    effect: str
    kind: str
    amount: int
    currency: str = "156"
    fee: int | None = None
    sent_at: str = ""
    settles_on: date | None = None
    original_trace: str = ""
    original_at: str = ""
    code: str = ""
    undone: str = ""

    def __repr__(self) -> str:
        return f"<ClearingRow {self.line} {mask_pan(self.card)} {self.effect} {self.amount}>"


class BadLine(NamedTuple):
    """A line that is no row: why, and what stands there, with cards masked, cut to `SHOWN`.

    `of_all`: it is a sum that is not that of the rows, so that some of these may be missing.
    """

    line: int
    reason: Text
    text: str
    of_all: bool = False


class Chunk(NamedTuple):
    """Some of a file in its order, and how many `bytes` of it these took.

    `passed` lines were left out on purpose: blank ones, and kinds that move no money.
    """

    rows: list[ClearingRow]
    bad: list[BadLine]
    bytes: int
    passed: int = 0


def bad(line: int, reason: Text, text: str) -> BadLine:
    """Make a bad line of what stands there; what cannot be printed is shown as a blank."""
    # Masked before it is cut: a card's digits across the end would not be known for one. Rows of
    # digits as long as a card's are masked as they stand: a digit lost leaves nothing to check by.
    seen = _LONG.sub(lambda found: mask_pan(found[0]), scan(text[: SHOWN + 64]))
    return BadLine(line, reason, "".join(c if c.isprintable() else " " for c in seen)[:SHOWN])
