"""Asks the diagnosis about what fails in a stream, whatever it is: a sale has no case that would.

A few of the latest failed transactions are judged, each by all that is known of it; what they say
together is the leading cause. Nothing is written.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import asyncpg

from annul.diagnose.gather import Gatherer, VoidUnknown
from annul.diagnose.lessons import Lessons
from annul.diagnose.rank import Finding, rank
from annul.domain.alarm_streams import Scope, Stream
from annul.domain.alarms import Measure
from annul.domain.kinds import CASED
from annul.domain.response_codes import BOOKED, FAULTS
from annul.store.sql import listed, load

SQL: Final = load(
    "annul.operate.alarms", "asking.sql", booked=listed(BOOKED), faults=listed(FAULTS)
)
_MOST: Final = 20  # transactions that are asked about
_LOOKED: Final = 20_000  # of all traffic, among which they are looked for
_UNKNOWN: Final = "unknown"
# What only something that gives back can fail for: its original, and what covers it.
_OF_ORIGINALS: Final = frozenset(
    {
        "original_unfinished",
        "original_declined",
        "original_not_found",
        "original_mismatch",
        "already_undone",
        "already_settled",
        "merchant_balance_low",
        "funds_frozen",
        "funds_not_arrived",
        "outside_void_window",
    }
)


class Told(NamedTuple):
    """The leading cause of what fails: of so many that were asked about, for so many the first."""

    cause: str
    of: int
    asked: int


class Asking:
    """Asks about streams; any process may."""

    def __init__(self, pool: asyncpg.Pool, gatherer: Gatherer, lessons: Lessons) -> None:
        self._pool = pool
        self._gatherer = gatherer
        self._lessons = lessons

    async def about(
        self, stream: Stream, measure: Measure, since: datetime, slow_ms: int
    ) -> Told | None:
        """Give the leading cause of a stream's failures; None where none was found to ask about."""
        rows = await self._pool.fetch(
            *SQL["failing"](
                since=since,
                measure=str(measure),
                slow_s=max(slow_ms, 1) / 1000,
                looked=_LOOKED,
                most=_MOST,
                **parts(stream),
            )
        )
        if not rows:
            return None
        await self._lessons.refresh()
        judged: list[Sequence[Finding]] = []
        for row in rows:
            try:
                picture = await self._gatherer.picture(_Failed(row["id"], row["issuer_id"]))
            except VoidUnknown:  # it was moved to another cell meanwhile
                continue
            found = rank(picture.facts, self._lessons.shifts)
            judged.append(found if picture.void.kind in CASED else _of_payments(found))
        return leading(judged)


class _Failed(NamedTuple):
    id: Any
    issuer_id: str


def parts(stream: Stream) -> Mapping[str, str]:
    """Give a stream as the statements take it."""
    at, part = stream.scope, stream.part
    return {
        "issuer": stream.issuer_id,
        "kind": part if at is Scope.KIND else "",
        "card_range": part if at is Scope.RANGE else "",
        "merchant": part if at is Scope.MERCHANT else "",
        "software": part if at is Scope.SOFTWARE else "",
    }


def leading(judged: Sequence[Sequence[Finding]]) -> Told | None:
    """Say which cause is the likeliest of all together, and for how many it comes first."""
    sums: dict[str, float] = defaultdict(float)
    for findings in judged:
        for one in findings:
            sums[one.cause.name] += one.probability
    if not sums:
        return None
    cause = max(sums, key=lambda name: (sums[name], name))
    of = sum(findings[0].cause.name == cause for findings in judged)
    return None if cause == _UNKNOWN or not of else Told(cause, of, len(judged))


def _of_payments(findings: Sequence[Finding]) -> list[Finding]:
    """Leave out what a payment cannot fail for; the others are as likely to each other."""
    return [one for one in findings if one.cause.name not in _OF_ORIGINALS]
