"""The books on disk: for their owner alone, card numbers sealed under the key that lies beside.

A file of an older version, with card numbers as they are, is written anew before it is used.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from annul.security.errors import UnusableKey
from annul.security.masterkey import load_or_create
from annul.security.private import open_private, tighten, write_private
from annul.security.vault import Vault

from .lines import WrongBooks

_CLEAR, _SEALED = "pan", "card"  # how a line names a card number, in memory and on disk


class BooksFile:
    """Takes lines as `Books` writes them; `lines` are those that were there.

    Raises `WrongBooks` when their card numbers were sealed under another key.
    """

    def __init__(self, file: Path) -> None:
        self._key = file.with_suffix(".key")
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._vault = Vault(load_or_create(self._key))
        self.lines: list[str] = []
        if file.exists():
            tighten(file)
            self._take_up(file)
        self._file = os.fdopen(open_private(file, os.O_APPEND), "a", encoding="utf-8")

    def write(self, line: str) -> None:
        """Append a line, which ends as lines do."""
        self._file.write(_changed(line, _CLEAR, _SEALED, self._seal) + "\n")

    def flush(self) -> None:
        """Hand over to the system what was written."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _take_up(self, file: Path) -> None:
        stored = file.read_text(encoding="utf-8").splitlines()
        self.lines = [_changed(line, _SEALED, _CLEAR, self._open) for line in stored]
        sealed = [_changed(line, _CLEAR, _SEALED, self._seal) for line in stored]
        if sealed != stored:
            beside = file.with_suffix(".new")
            write_private(beside, "".join(f"{line}\n" for line in sealed))
            beside.replace(file)

    def _seal(self, pan: str) -> str:
        return self._vault.seal(pan).hex()

    def _open(self, sealed: str) -> str:
        try:
            return self._vault.open(bytes.fromhex(sealed))
        except (UnusableKey, ValueError) as error:
            message = f"the card numbers of the issuer's books do not open under {self._key}"
            raise WrongBooks(message) from error


def _changed(line: str, before: str, after: str, change: Callable[[str], str]) -> str:
    """Give a line with its card number changed, if it has one; what is no line stays as it is."""
    try:
        row: Any = json.loads(line)
        holder = row.get("entry", row)
        known = before in holder
    except (ValueError, AttributeError, TypeError):
        return line.removesuffix("\n")
    if not known:
        return line.removesuffix("\n")
    changed = {
        after if name == before else name: change(value) if name == before else value
        for name, value in holder.items()
    }
    return json.dumps({**row, "entry": changed} if holder is not row else changed)
