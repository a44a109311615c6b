"""How the promise is kept: cases ended in time, open, late, by end, and the money in question.

Late is judged by the due time of a case's first cause, which never moves.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg

from annul.store.sql import load

_SQL: Final = load("annul.resolve", "promise.sql")
_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Promise:
    """The figures; `in_question` in minor units, `asked` cases wait for a person.

    `unproved` ones have ended without a proof: their money is in question, and they are late as
    long as it is. `late_by_cause` goes by the cause that a case goes by now.
    """

    cases: int = 0
    open: int = 0
    voided: int = 0
    refunded: int = 0
    refused: int = 0
    unproved: int = 0
    in_time: int = 0
    late: int = 0
    late_by_cause: int = 0
    asked: int = 0
    oldest_s: float = 0.0
    in_question: int = 0

    def figures(self) -> dict[str, float]:
        """Give them by name."""
        return asdict(self)


async def read(
    pool: asyncpg.Pool, now: datetime, since: datetime = _EVER, merchant_id: str = ""
) -> Promise:
    """Read the figures of cases opened since a moment; open and unproved ones always count.

    Of one merchant, or of all when none is named.
    """
    row = await pool.fetchrow(*_SQL["promise"](since=since, now=now, merchant=merchant_id))
    assert row is not None, "counts always have a row"
    return Promise(**dict(row))


async def by_cause(
    pool: asyncpg.Pool, since: datetime = _EVER, merchant_id: str = ""
) -> list[dict[str, Any]]:
    """Give the time to the end by cause, of one merchant or all."""
    rows = await pool.fetch(*_SQL["by_cause"](since=since, merchant=merchant_id))
    return [dict(row) for row in rows]
