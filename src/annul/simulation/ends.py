"""How the voids of a run ended: every one of them, by its own approval or by its case."""

from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from annul.domain.kinds import REFUNDS, UNDOING
from annul.resolve.promise import by_cause

# Each void or refund that a terminal sent, and the end of it: its own, or that of its case.
_ENDS: Final = """
SELECT CASE WHEN t.state = 'approved' THEN
            CASE WHEN t.kind = ANY ($2) THEN 'refunded' ELSE 'voided' END
            ELSE coalesce(c.ended, '') END AS ended,
       count(*)::integer AS voids
FROM transactions t
LEFT JOIN LATERAL (
    SELECT ended FROM cases c
    WHERE c.merchant_id = t.merchant_id AND (c.id = t.id OR c.original_id = t.original_id)
    ORDER BY (c.id = t.id) DESC, c.opened_at <= t.received_at DESC, c.opened_at DESC
    LIMIT 1) c ON true
WHERE t.kind = ANY ($1) AND t.origin = 'terminal'
GROUP BY 1
"""
# The same of what was refused at the door: a further attempt joins the case of its original.
_DOOR: Final = """
SELECT coalesce(c.ended, '') AS ended, count(*)::integer AS voids
FROM refusals r
LEFT JOIN transactions o ON o.merchant_id = r.merchant_id AND o.terminal_id = r.terminal_id
 AND o.batch = r.original_batch AND o.trace = r.original_trace
LEFT JOIN LATERAL (
    SELECT ended FROM cases c
    WHERE c.merchant_id = r.merchant_id AND (c.id = r.id OR c.original_id = o.id)
    ORDER BY (c.id = r.id) DESC, c.opened_at <= r.received_at DESC, c.opened_at DESC
    LIMIT 1) c ON true
GROUP BY 1
"""

_UNNAMED: Final = """
SELECT count(*) FROM cases c WHERE c.ended = 'unproved' AND NOT EXISTS (
    SELECT FROM incidents i
    WHERE i.merchant_id = c.merchant_id AND i.transaction_id = c.id AND i.closed_at IS NULL)
"""


@dataclass(slots=True)
class Ends:
    """Voids and refunds by end; `late` are cases that ended after their first due time.

    `unproved` are those whose money nobody could prove by the last time; `unnamed` those of them
    of which no incident tells.
    """

    voids: int = 0
    voided: int = 0
    refunded: int = 0
    refused: int = 0
    unproved: int = 0
    unnamed: int = 0
    late: int = 0
    cases: int = 0
    open: list[str] = field(default_factory=list)
    by_cause: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ended(self) -> int:
        """Voids and refunds that came to an end, or were handed to people."""
        return self.voided + self.refunded + self.refused + self.unproved

    @property
    def hold(self) -> bool:
        """Whether each of them did, and somebody is told of what nobody could prove."""
        return self.ended == self.voids and not self.open and not self.unnamed

    def figures(self) -> dict[str, int]:
        """Give the figures as they are written down."""
        return {
            "voids": self.voids,
            "ended": self.ended,
            "voided": self.voided,
            "refunded": self.refunded,
            "refused": self.refused,
            "unproved": self.unproved,
            "late": self.late,
            "cases": self.cases,
        }


async def ends_of_voids(connection: asyncpg.Connection) -> Ends:
    """Count how the voids and refunds that terminals sent have ended."""
    found = Ends()
    for query, arguments in ((_ENDS, [list(UNDOING), list(REFUNDS)]), (_DOOR, [])):
        for row in await connection.fetch(query, *arguments):
            found.voids += row["voids"]
            if row["ended"]:
                setattr(found, row["ended"], getattr(found, row["ended"]) + row["voids"])
    found.late = await connection.fetchval(
        "SELECT count(*) FROM cases WHERE coalesce(ended_at, now()) > first_due_at"
    )
    found.unnamed = await connection.fetchval(_UNNAMED)
    found.cases = await connection.fetchval("SELECT count(*) FROM cases")
    found.open = [
        f"open: {dict(row)}"
        for row in await connection.fetch(
            "SELECT number, step, cause, task, tries FROM cases WHERE ended = '' LIMIT 20"
        )
    ]
    found.by_cause = await by_cause(connection)  # pyright: ignore[reportArgumentType]  # fetches alike
    return found
