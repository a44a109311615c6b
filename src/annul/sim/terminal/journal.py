"""The terminal's own memory: written before anything is sent, so that a power cut forgets nothing.

One SQLite file per terminal, every write durable; card numbers are sealed under the master key.
"""

import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from annul.domain.batch import Totals, next_batch
from annul.domain.kinds import KINDS, Money
from annul.security.private import open_private
from annul.security.vault import Vault

Fields = dict[int, str | bytes]

_LAST_TRACE: Final = 999_999


@dataclass(frozen=True, slots=True)
class Record:
    """One transaction as the terminal knows it; amounts in minor units.

    `owed` is what must go out before anything else: a reversal, or the same message again.
    """

    batch: str
    trace: str
    kind: str
    amount: int
    card: str
    fields: Fields = field(repr=False)
    state: str = "sent"
    owed: str = ""
    reason: str = "98"
    sends: int = 0
    original: str = ""
    response_code: str = ""
    rrn: str = ""
    auth_code: str = ""
    voucher: str = ""
    note: str = ""
    balance: str = ""
    date: str = ""
    time: str = ""


_COLUMNS: Final = [column.name for column in fields(Record)]


class TerminalJournal:
    """The journal of one terminal; `file` ":memory:" forgets when the process ends."""

    def __init__(self, file: Path | str, vault: Vault) -> None:
        if isinstance(file, Path):
            os.close(open_private(file, 0))
        self._vault = vault
        self._base = sqlite3.connect(file, isolation_level=None)
        self._base.row_factory = sqlite3.Row
        self._base.execute("PRAGMA synchronous = FULL")
        self._base.executescript(
            files("annul.sim.terminal").joinpath("journal.sql").read_text(encoding="utf-8")
        )

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    @property
    def batch(self) -> str:
        """The batch that the terminal is in."""
        return self._one("batch")

    @property
    def keys(self) -> bytes:
        """Working keys as they came, empty before the first sign-in."""
        return self._one("keys") or b""

    @property
    def parameters(self) -> bytes:
        """Parameters as they came, empty before the first download."""
        return self._one("parameters") or b""

    def next_trace(self) -> str:
        """Take the next trace number; 999999 is followed by 000001."""
        row = self._base.execute(
            "UPDATE terminal SET next_trace = next_trace % ? + 1 RETURNING next_trace",
            (_LAST_TRACE,),
        ).fetchone()
        return f"{(row[0] - 2) % _LAST_TRACE + 1:06d}"

    def signed_in(self, batch: str, keys: bytes) -> None:
        """Keep what a sign-in gave."""
        self._base.execute("UPDATE terminal SET batch = ?, keys = ?", (batch, keys))

    def signed_off(self) -> None:
        """Forget the working keys."""
        self._base.execute("UPDATE terminal SET keys = NULL")

    def configured(self, parameters: bytes) -> None:
        """Keep downloaded parameters."""
        self._base.execute("UPDATE terminal SET parameters = ?", (parameters,))

    def load_chips(self, kind: str, loaded: Mapping[bytes, bytes]) -> None:
        """Keep what was downloaded of a kind (key, aid) by its name, in place of all of it."""
        self._base.execute("BEGIN")
        self._base.execute("DELETE FROM chips WHERE kind = ?", (kind,))
        rows = [(kind, name, tlv) for name, tlv in loaded.items()]
        self._base.executemany("INSERT INTO chips (kind, name, tlv) VALUES (?, ?, ?)", rows)
        self._base.execute("COMMIT")

    def chips(self, kind: str) -> dict[bytes, bytes]:
        """Give what was downloaded of a kind, by its name."""
        rows = self._base.execute("SELECT name, tlv FROM chips WHERE kind = ?", (kind,))
        return {row["name"]: row["tlv"] for row in rows}

    def begin_batch(self, settled: str) -> None:
        """Go on to the batch after the one that was settled."""
        self._base.execute("UPDATE terminal SET batch = ?", (next_batch(settled),))

    def open(self, record: Record) -> None:
        """Write a transaction before it is sent."""
        values = {name: getattr(record, name) for name in _COLUMNS}
        values["fields"] = self._vault.seal(_to_json(record.fields))
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        self._base.execute(
            f"INSERT INTO records ({names}) VALUES ({marks})",  # noqa: S608 - names of columns
            tuple(values.values()),
        )

    def change(self, record: Record, **changes: str | int) -> Record:
        """Write what became of a transaction; give it as it is now."""
        assert set(changes) <= set(_COLUMNS), "a column of records"
        settings = ", ".join(f"{name} = ?" for name in changes)
        row = self._base.execute(
            f"UPDATE records SET {settings} WHERE batch = ? AND trace = ? RETURNING *",  # noqa: S608 - the same
            (*changes.values(), record.batch, record.trace),
        ).fetchone()
        assert row is not None, "a record that was opened"
        return self._record(row)

    def find(self, trace: str, batch: str = "") -> Record | None:
        """Find a transaction by its voucher number, the newest batch first."""
        row = self._base.execute(
            "SELECT * FROM records WHERE trace = ? AND batch LIKE ? ORDER BY batch DESC LIMIT 1",
            (trace, batch or "%"),
        ).fetchone()
        return None if row is None else self._record(row)

    def request_of(self, voucher: str) -> Record | None:
        """Find what last failed to undo or complete a voucher, or is that voucher itself."""
        found = self._all(
            "SELECT * FROM records WHERE state <> 'sent' AND original <> ''"
            " AND (original = ? OR trace = ?)"
            " ORDER BY state = 'approved', batch DESC, trace DESC LIMIT 1",
            *(voucher, voucher),
        )
        return found[0] if found else None

    def owed(self) -> Sequence[Record]:
        """Give what must go out before the next transaction, oldest first."""
        return self._all("SELECT * FROM records WHERE owed <> '' ORDER BY batch, trace")

    def records(self, batch: str = "") -> Sequence[Record]:
        """Give the transactions of a batch, of all batches when none is named."""
        return self._all(
            "SELECT * FROM records WHERE batch LIKE ? ORDER BY batch, trace", batch or "%"
        )

    def counted(self, batch: str) -> tuple[Totals, Sequence[Record]]:
        """Give what a settlement counts: approved debits and credits, and their records."""
        approved = [record for record in self.records(batch) if record.state == "approved"]
        moved = [*_moving(approved, Money.TAKE), *_moving(approved, Money.BACK)]
        return totals_of(moved), moved

    def _all(self, query: str, *arguments: str) -> list[Record]:
        return [self._record(row) for row in self._base.execute(query, arguments)]

    def _one(self, column: str) -> Any:
        return self._base.execute(f"SELECT {column} FROM terminal").fetchone()[0]  # noqa: S608 - ours

    def _record(self, row: sqlite3.Row) -> Record:
        values = {name: row[name] for name in _COLUMNS}
        values["fields"] = _from_json(self._vault.open(row["fields"]))
        return Record(**values)


def totals_of(records: Sequence[Record]) -> Totals:
    """Sum records that count: debits and credits."""
    debits, credits_ = _moving(records, Money.TAKE), _moving(records, Money.BACK)
    return Totals(
        sum(record.amount for record in debits),
        len(debits),
        sum(record.amount for record in credits_),
        len(credits_),
    )


def _moving(records: Sequence[Record], way: Money) -> list[Record]:
    return [record for record in records if KINDS[record.kind].money is way]


def _to_json(values: Mapping[int, str | bytes]) -> str:
    plain = {
        str(number): value if isinstance(value, str) else {"hex": value.hex()}
        for number, value in values.items()
    }
    return json.dumps(plain)


def _from_json(text: str) -> Fields:
    return {
        int(number): value if isinstance(value, str) else bytes.fromhex(value["hex"])
        for number, value in json.loads(text).items()
    }
