"""The file of the books: one JSON object a line, appended as things happen.

Files of older versions know a request by merchant, terminal, trace and date. They are read as well:
such a request gets a key of its own that no institution can have.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final

from annul.domain.errors import AnnulError

from .entries import BookEntry, Key

REQUEST: Final = "request"
REVERSAL: Final = "reversal"
RESTORE: Final = "restore"
# What an entry is made of; the rest follows from it and from what comes after.
_KEPT: Final = (
    "kind",
    "pan",
    "asked",
    "merchant",
    "terminal",
    "rrn",
    "original",
    "code",
    "auth_code",
    "second_code",
    "amount",
    "times",
    "forgotten",
)
_OldKey = tuple[str, ...]


class WrongBooks(AnnulError):
    """The file of the issuer's books cannot be read, so the simulator was not started."""

    code: ClassVar[str] = "sim.books"
    next_step: ClassVar[str] = "Repair the line that is named, or move the file away."


@dataclass(frozen=True, slots=True)
class BookLine:
    """One line: a request with its entry, a reversal of `key`, or books of an earlier time."""

    what: str
    at: datetime
    key: Key | None = None
    entry: BookEntry | None = field(default=None, repr=False)
    old: bool = False


def write(what: str, at: datetime, entry: BookEntry | None = None) -> str:
    """Give the line of something that happened."""
    row: dict[str, Any] = {"what": what, "at": at.isoformat()}
    if entry is not None:
        row["key"] = entry.key
    if entry is not None and what == REQUEST:
        row["entry"] = {name: getattr(entry, name) for name in _KEPT}
    return json.dumps(row)


def read(lines: Iterable[str]) -> Iterator[BookLine]:
    """Give what happened, in order; raises `WrongBooks` that names the line."""
    known: dict[_OldKey, Key] = {}
    for number, text in enumerate(lines, 1):
        try:
            row = json.loads(text)
            at = datetime.fromisoformat(row["at"])
            yield _old(row, at, known) if "sent" in row else _new(row, at)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"line {number} of the issuer's books makes no sense"
            raise WrongBooks(message) from error


def _new(row: dict[str, Any], at: datetime) -> BookLine:
    if row["what"] == RESTORE:
        return BookLine(RESTORE, at)
    key = Key(*row["key"])
    if row["what"] == REVERSAL:
        return BookLine(REVERSAL, at, key)
    kept = {name: row["entry"][name] for name in _KEPT}
    kept["original"] = Key(*kept["original"]) if kept["original"] else None
    return BookLine(REQUEST, at, key, BookEntry(key=key, at=at, **kept))


def _old(row: dict[str, Any], at: datetime, known: dict[_OldKey, Key]) -> BookLine:
    merchant, terminal, trace, date = was = tuple(row["key"])
    if row["what"] == REVERSAL:
        return BookLine(REVERSAL, at, known[was], old=True)
    key = known[was] = Key(row["sent"] or date, trace, merchant, terminal)
    original = known.get(tuple(row["original"])) if row["original"] else None
    entry = BookEntry(
        key,
        row["kind"],
        row["pan"],
        row["amount"],
        at,
        merchant,
        terminal,
        row["rrn"],
        original,
        code=row["code"],
        auth_code=row["auth_code"],
        amount=row["amount"],
    )
    return BookLine(REQUEST, at, key, entry, old=True)
