"""Rows of a file as the database takes many at once: lines of CSV for its COPY, cards hashed.

One piece of text for thousands of rows costs half of what the driver needs to encode each value by
itself; whether anything in it has to be quoted is seen of the whole piece.
"""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from annul.security.vault import Vault

from .rows import ClearingRow

COLUMNS: Final = (
    "file_id", "line", "merchant_id", "terminal_id", "trace", "rrn", "auth_code", "card_hash",
    "card_masked", "kind", "effect", "amount", "currency", "fee", "sent_at", "settles_on", "code",
    "original_trace", "undone",
)  # fmt: skip
_NULLABLE: Final = ("card_hash", "fee", "settles_on")
# An empty cell is NULL in these, and an empty text in all others.
FORM: Final[dict[str, Any]] = {
    "format": "csv",
    "delimiter": "\t",
    "columns": COLUMNS,
    "force_not_null": [name for name in COLUMNS if name not in _NULLABLE],
}
_KEPT: Final = 65_536  # cards of which the hash is kept while a file is read


class _Cards(dict[str, str]):
    """What is kept of a card: its hash as the database reads it, a tab, and what may be shown."""

    def __init__(self, vault: Vault) -> None:
        super().__init__({"": "\t"})
        self._vault = vault

    def __missing__(self, card: str) -> str:
        kept = f"\\x{self._vault.hash(card).hex()}\t{self._vault.mask(card)}"
        if len(self) < _KEPT:
            self[card] = kept
        return kept


class Copying:
    """Writes the rows of one file; cards in clear are forgotten with it."""

    def __init__(self, vault: Vault, file: UUID) -> None:
        self._cards = _Cards(vault)
        self._file = file

    def lines(self, rows: Iterable[ClearingRow]) -> bytes:
        """Give rows as lines of `COLUMNS` in the `FORM` of a COPY."""
        cards, file = self._cards, str(self._file)
        lines = [
            f"{file}\t{line}\t{merchant_id}\t{terminal_id}\t{trace}\t{rrn}\t{auth_code}\t"
            f"{cards[card]}\t{kind}\t{effect}\t{amount}\t{currency}\t"
            f"{'' if fee is None else fee}\t{sent_at}\t{settles_on or ''}\t{code}\t"
            f"{original_trace}\t{undone}"
            for (
                line, merchant_id, terminal_id, trace, rrn, auth_code, card, effect, kind, amount,
                currency, fee, sent_at, settles_on, original_trace, _, code, undone,
            ) in rows
        ]  # fmt: skip
        text = "\n".join([*lines, ""])
        if _plain(text, len(lines)):
            return text.encode()
        return "".join(map(self._quoted, rows)).encode()

    def _quoted(self, row: ClearingRow) -> str:
        hashed, _, masked = self._cards[row.card].partition("\t")
        said = {**row._asdict(), "file_id": self._file, "card_hash": hashed, "card_masked": masked}
        return "\t".join(_cell(said[name]) for name in COLUMNS) + "\n"


def _plain(text: str, lines: int) -> bool:
    """Say whether no value has in it what parts values, lines or quotes."""
    parts = text.count("\t") == (len(COLUMNS) - 1) * lines and text.count("\n") == lines
    return parts and '"' not in text and "\r" not in text


def _cell(value: object) -> str:
    """Quote a value; what is none, or empty, is the empty cell."""
    text = "" if value is None else str(value)
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if text else ""
