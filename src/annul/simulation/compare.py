"""Three books side by side: the issuer's, the host's transactions and ledger, the terminals'.

Issuers that lie leave differences that nobody can mend from here. Each must be named by an incident
of its transaction, or by what a clearing file has told of it: what is not named is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from annul.domain.kinds import GIVING, KINDS, TAKING, Money
from annul.domain.states import STANDING, UNFINISHED, State
from annul.sim.terminal.journal import Record

_OPEN: Final = frozenset({"sent", "unanswered"})  # a terminal that was told nothing, or 98
_ROWS: Final = """
SELECT t.merchant_id, t.terminal_id, t.batch, t.trace, t.rrn, t.kind, t.state, t.amount, t.undone,
       t.holds, t.original_id, t.id, t.card_masked, t.response_code, t.late_code, t.why,
       coalesce(e.net, 0)::bigint AS posted,
       array(SELECT i.kind FROM incidents i
             WHERE i.merchant_id = t.merchant_id AND i.transaction_id = t.id
               AND i.closed_at IS NULL
             UNION ALL SELECT b.kind FROM breaks b
             WHERE b.transaction_id = t.id AND b.state <> 'withdrawn'
             UNION ALL SELECT p.proves FROM clearing_proofs p
             WHERE p.transaction_id = t.id AND p.came = 'moved' AND p.undone_at IS NULL
            ) AS incidents
FROM transactions t
LEFT JOIN (
    SELECT subject, sum(CASE 'issuer_receivable' WHEN debit THEN amount
                               WHEN credit THEN -amount ELSE 0 END) AS net
    FROM entries GROUP BY subject) e ON e.subject = t.id
"""


@dataclass(slots=True)
class Comparison:
    """What the comparison found; amounts in minor units.

    `named` are differences that an incident names, `explained_net` what they come to in all;
    `unexplained` are those that none does.
    """

    transactions: int = 0
    lost: int = 0
    twice: int = 0
    pending: int = 0
    named: int = 0
    unexplained: int = 0
    explained_net: int = 0
    issuer_net: int = 0
    host_net: int = 0
    ledger_net: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def books_equal(self) -> bool:
        """Whether issuer and ledger say the same sum, but for what is named, to the minor unit."""
        return self.issuer_net - self.explained_net == self.ledger_net == self.host_net

    @property
    def holds(self) -> bool:
        """Whether everything that must hold does."""
        return self.books_equal and not (
            self.lost or self.twice or self.pending or self.unexplained
        )

    def figures(self) -> dict[str, int | bool]:
        """Give the figures as they are written down."""
        return {
            "transactions": self.transactions,
            "lost": self.lost,
            "twice": self.twice,
            "pending": self.pending,
            "named": self.named,
            "unexplained": self.unexplained,
            "books_equal": self.books_equal,
        }

    def differs(self, row: asyncpg.Record | None, said: str) -> bool:
        """Keep a difference; gives whether an incident of its transaction names it."""
        if row is not None and row["incidents"]:
            self.named += 1
            return True
        self.unexplained += 1
        self.differences.append(f"{said}: {dict(row) if row is not None else 'no row'}")
        return False


async def compare(
    connection: asyncpg.Connection,
    entries: Sequence[dict[str, Any]],
    records: Sequence[tuple[tuple[str, str, str], Record]],
) -> Comparison:
    """Compare one by one: a transaction that stands here must stand there, with its amount.

    `lost` counts those that differ between any two of issuer, host and terminal and that nothing
    names; `twice` those that were given back beyond their amount; `pending` those that have no
    outcome and that nobody was told of.
    """
    rows = await connection.fetch(_ROWS)
    verdict = Comparison(transactions=len(rows))
    verdict.pending = sum(row["state"] in UNFINISHED and not row["incidents"] for row in rows)
    verdict.host_net = sum(_net(row) for row in rows)
    verdict.issuer_net = sum(entry["net"] for entry in entries)
    verdict.ledger_net = sum(row["posted"] for row in rows)
    _against_issuer(verdict, rows, entries)
    _against_terminals(verdict, rows, records)
    _twice(verdict, rows)
    return verdict


def _net(row: asyncpg.Record) -> int:
    """Give what the host's row says was moved; what is open is as it was posted."""
    if row["state"] in UNFINISHED:
        return row["posted"]
    if row["state"] not in STANDING:
        return 0
    return row["amount"] * ((row["kind"] in TAKING) - (row["kind"] in GIVING))


def _against_issuer(
    verdict: Comparison, rows: Sequence[asyncpg.Record], entries: Sequence[dict[str, Any]]
) -> None:
    there = {(entry["merchant"], entry["rrn"]): entry["net"] for entry in entries}
    assert len(there) == len(entries), "a reference number stands for one request"
    for row in rows:
        net = there.pop((row["merchant_id"], row["rrn"]), 0)
        said = f"issuer moved {net}, host {_net(row)}"
        if net == _net(row):
            continue
        if verdict.differs(row, said):
            verdict.explained_net += net - _net(row)
        else:
            verdict.lost += 1
    for key, net in there.items():
        if net:
            verdict.differs(None, f"issuer moved {net}, host knows nothing of {key}")
            verdict.lost += 1


def _against_terminals(
    verdict: Comparison,
    rows: Sequence[asyncpg.Record],
    records: Sequence[tuple[tuple[str, str, str], Record]],
) -> None:
    here = {
        (row["merchant_id"], row["terminal_id"], row["batch"], row["trace"]): row for row in rows
    }
    assert len(here) == len(rows), "a request has one row"
    for (merchant, terminal, _), record in records:
        row = here.get((merchant, terminal, record.batch, record.trace))
        standing = row is not None and row["state"] in STANDING
        if record.state in _OPEN:
            # One that its terminal asks for no more is the host's to end.
            if record.owed or row is not None or KINDS[record.kind].money is Money.NONE:
                continue
        elif standing == (record.state == "approved"):
            continue
        state = row["state"] if row else State.UNKNOWN
        if not verdict.differs(row, f"terminal {record.state}, host {state}, {record}"):
            verdict.lost += 1


def _twice(verdict: Comparison, rows: Sequence[asyncpg.Record]) -> None:
    back: dict[Any, int] = {}
    held: dict[Any, int] = {}  # by what undoes it, or may yet
    for row in rows:
        if row["state"] in UNFINISHED | STANDING:
            held[row["original_id"]] = held.get(row["original_id"], 0) + row["holds"]
        if row["kind"] in GIVING and row["state"] in STANDING:
            back[row["original_id"]] = back.get(row["original_id"], 0) + row["amount"]
    for row in rows:
        verdict.twice += back.get(row["id"], 0) > row["amount"]
        if held.get(row["id"], 0) != row["undone"]:
            verdict.unexplained += 1
            verdict.differences.append(f"undone by {held.get(row['id'], 0)}: {dict(row)}")
