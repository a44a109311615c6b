"""How the voids of a run ended: every one of them, by its own approval or by its case."""

from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from annul.domain.kinds import VOIDS
from annul.resolve.promise import by_cause

# Each void that a terminal sent, and the end of it: its own, or that of its case.
_ENDS: Final = """
SELECT CASE WHEN t.state = 'approved' THEN 'voided' ELSE coalesce(c.ended, '') END AS ended,
       count(*)::integer AS voids
FROM transactions t
LEFT JOIN LATERAL (
    SELECT ended FROM cases c
    WHERE c.merchant_id = t.merchant_id AND (c.id = t.id OR c.original_id = t.original_id)
    ORDER BY (c.id = t.id) DESC, c.opened_at <= t.received_at DESC, c.opened_at DESC
    LIMIT 1) c ON true
WHERE t.kind = ANY ($1) AND t.batch NOT LIKE 'A%'
GROUP BY 1
"""
_DOOR: Final = """
SELECT coalesce(c.ended, '') AS ended, count(*)::integer AS voids
FROM refusals r LEFT JOIN cases c ON c.merchant_id = r.merchant_id AND c.id = r.id GROUP BY 1
"""


@dataclass(slots=True)
class Ends:
    """Voids by end; `late` are cases that ended after their due time."""

    voids: int = 0
    voided: int = 0
    refunded: int = 0
    refused: int = 0
    late: int = 0
    cases: int = 0
    open: list[str] = field(default_factory=list)
    by_cause: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ended(self) -> int:
        """Voids that came to an end."""
        return self.voided + self.refunded + self.refused

    @property
    def hold(self) -> bool:
        """Whether every void ended."""
        return self.ended == self.voids and not self.open

    def figures(self) -> dict[str, int]:
        """Give the figures as they are written down."""
        return {
            "voids": self.voids,
            "ended": self.ended,
            "voided": self.voided,
            "refunded": self.refunded,
            "refused": self.refused,
            "late": self.late,
            "cases": self.cases,
        }


async def ends_of_voids(connection: asyncpg.Connection) -> Ends:
    """Count how the voids that terminals sent have ended."""
    found = Ends()
    for query, arguments in ((_ENDS, [list(VOIDS)]), (_DOOR, [])):
        for row in await connection.fetch(query, *arguments):
            found.voids += row["voids"]
            if row["ended"]:
                setattr(found, row["ended"], getattr(found, row["ended"]) + row["voids"])
    found.late = await connection.fetchval(
        "SELECT count(*) FROM cases WHERE coalesce(ended_at, now()) > due_at"
    )
    found.cases = await connection.fetchval("SELECT count(*) FROM cases")
    found.open = [
        f"open: {dict(row)}"
        for row in await connection.fetch(
            "SELECT number, step, cause, task, tries FROM cases WHERE ended = '' LIMIT 20"
        )
    ]
    found.by_cause = await by_cause(connection)  # pyright: ignore[reportArgumentType]  # fetches alike
    return found
