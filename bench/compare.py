"""Three books side by side: the issuer's, the host's transactions and ledger, the terminals'."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from annul.sim.terminal.journal import Record

_UNFINISHED: Final = frozenset({"received", "sent", "unknown", "reversing"})
# States in which a transaction's own money stands.
_STANDING: Final = frozenset({"approved", "voided", "partly_refunded", "refunded", "completed"})
_TAKES: Final = frozenset({"sale", "qr_sale", "completion", "completion_advice"})
_GIVES: Final = frozenset({"void", "qr_void", "completion_void", "refund", "qr_refund"})


@dataclass(slots=True)
class Verdict:
    """What the comparison found; amounts in minor units."""

    transactions: int = 0
    lost: int = 0
    twice: int = 0
    pending: int = 0
    issuer_net: int = 0
    host_net: int = 0
    ledger_net: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def books_equal(self) -> bool:
        """Whether issuer, transactions and ledger say the same sum."""
        return self.issuer_net == self.host_net == self.ledger_net

    @property
    def holds(self) -> bool:
        """Whether everything that must hold does."""
        return self.books_equal and not (self.lost or self.twice or self.pending)

    def figures(self) -> dict[str, int | bool]:
        """Give the figures as they are written down."""
        return {
            "transactions": self.transactions,
            "lost": self.lost,
            "twice": self.twice,
            "pending": self.pending,
            "books_equal": self.books_equal,
        }


async def compare(
    connection: asyncpg.Connection,
    entries: Sequence[dict[str, Any]],
    records: Sequence[tuple[tuple[str, str, str], Record]],
) -> Verdict:
    """Compare one by one: a transaction that stands here must stand there, with its amount.

    `lost` counts those that differ between any two of issuer, host and terminal; `twice` those
    that were undone beyond their amount or whose request has two rows.
    """
    rows = await connection.fetch(
        "SELECT merchant_id, terminal_id, batch, trace, rrn, kind, state, amount, undone,"
        " original_id, id FROM transactions"
    )
    verdict = Verdict(transactions=len(rows))
    verdict.pending = sum(row["state"] in _UNFINISHED for row in rows)
    verdict.host_net = sum(_net(row) for row in rows)
    verdict.issuer_net = sum(entry["net"] for entry in entries)
    verdict.ledger_net = await connection.fetchval(
        "SELECT coalesce(sum(CASE 'issuer_receivable' WHEN debit THEN amount"
        " WHEN credit THEN -amount ELSE 0 END), 0)::bigint FROM entries"
    )
    _against_issuer(verdict, rows, entries)
    _against_terminals(verdict, rows, records)
    _twice(verdict, rows)
    return verdict


def _net(row: asyncpg.Record) -> int:
    if row["state"] not in _STANDING:
        return 0
    return row["amount"] * ((row["kind"] in _TAKES) - (row["kind"] in _GIVES))


def _against_issuer(
    verdict: Verdict, rows: Sequence[asyncpg.Record], entries: Sequence[dict[str, Any]]
) -> None:
    there = {(entry["merchant"], entry["rrn"]): entry["net"] for entry in entries}
    assert len(there) == len(entries), "a reference number stands for one request"
    for row in rows:
        net = there.pop((row["merchant_id"], row["rrn"]), 0)
        if net != _net(row) and row["state"] not in _UNFINISHED:
            verdict.lost += 1
            verdict.differences.append(f"issuer moved {net}, host {_net(row)}: {dict(row)}")
    for key, net in there.items():
        if net:
            verdict.lost += 1
            verdict.differences.append(f"issuer moved {net}, host knows nothing: {key}")


def _against_terminals(
    verdict: Verdict,
    rows: Sequence[asyncpg.Record],
    records: Sequence[tuple[tuple[str, str, str], Record]],
) -> None:
    here = {
        (row["merchant_id"], row["terminal_id"], row["batch"], row["trace"]): row for row in rows
    }
    assert len(here) == len(rows), "a request has one row"
    for (merchant, terminal, _), record in records:
        row = here.get((merchant, terminal, record.batch, record.trace))
        standing = row is not None and row["state"] in _STANDING
        if record.state != "unanswered" and standing != (record.state == "approved"):
            verdict.lost += 1
            state = row["state"] if row else "unknown"
            verdict.differences.append(f"terminal {record.state}, host {state}: {record}")


def _twice(verdict: Verdict, rows: Sequence[asyncpg.Record]) -> None:
    back: dict[Any, int] = {}
    for row in rows:
        if row["kind"] in _GIVES and row["state"] in _STANDING:
            back[row["original_id"]] = back.get(row["original_id"], 0) + row["amount"]
    for row in rows:
        given = back.get(row["id"], 0)
        if given > row["amount"] or given != row["undone"]:
            verdict.twice += given > row["amount"]
            verdict.differences.append(f"undone by {given}: {dict(row)}")
