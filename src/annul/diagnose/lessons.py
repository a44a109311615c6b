"""What closed cases teach the ranking: small, bounded, visible, and each may be taken back.

A confirmed cause that was not the most probable one is moved up by a step for what spoke for it,
the wrongly preferred one down for what spoke for that. What was ranked right teaches nothing. What
speaks in every case (the original stands) moves no cause that does not name it, else each lesson
would lift its cause in all cases to come. Where people say that the advice of the confirmed
cause has helped, its lesson weighs more; where it has not, the lesson is marked to be looked at.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from annul.store.sql import load

from .causes import CAUSES
from .facts import Facts
from .rank import Shifts, heard, rank
from .signals import SIGNALS

_SQL: Final = load("annul.diagnose", "lessons.sql")
STEP: Final = 0.25
BOUND: Final = 1.0  # no pair of cause and signal is ever shifted further
HELPED: Final = 1.5  # times a lesson weighs where more said that its cause's advice helped than not

Lesson = tuple[str, str, float]  # cause, signal, shift


def lesson(facts: Facts, confirmed: str, shifts: Shifts) -> Sequence[Lesson]:
    """Give what a confirmed cause teaches; nothing when it was ranked first."""
    preferred = rank(facts, shifts)[0].cause.name
    if preferred == confirmed:
        return ()
    return tuple(
        (cause, signal, step)
        for cause, step in ((confirmed, STEP), (preferred, -STEP))
        for signal in heard(facts)
        if signal not in SIGNALS or CAUSES[cause].speaks.get(signal, 0.0) > 0
        if abs(shifts.get((cause, signal), 0.0) + step) <= BOUND
    )


class Lessons:
    """The lessons in force, kept in memory between two readings."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.shifts: Shifts = {}
        self._pool = pool

    async def refresh(self) -> None:
        """Read what is in force; bounded here too, whatever the table holds."""
        rows = await self._pool.fetch(*_SQL["shifts"](helped=HELPED))
        self.shifts = {
            (row["cause"], row["signal"]): max(-BOUND, min(BOUND, float(row["shift"])))
            for row in rows
        }

    async def teach(
        self, case_id: UUID, facts: Facts, confirmed: str, who: str, at: datetime
    ) -> int:
        """Take the lesson of a confirmed cause; give how many steps it had."""
        await self.refresh()
        steps = lesson(facts, confirmed, self.shifts)
        if steps:
            causes, signals, moved = (list(column) for column in zip(*steps, strict=True))
            teach = _SQL["teach"](
                case=case_id, causes=causes, signals=signals, shifts=moved, who=who, now=at
            )
            return len(await self._pool.fetch(*teach))
        return 0

    async def latest(self, limit: int) -> list[dict[str, Any]]:
        """Give what was taught, the latest first: case, who, which cause instead of which."""
        return [dict(row) for row in await self._pool.fetch(*_SQL["list"](limit=limit))]

    async def undo(
        self, case_id: UUID, at: datetime, who: str = "", role: str = "", reason: str = ""
    ) -> int:
        """Take back what a case has taught; gives how many steps that were."""
        undo = _SQL["undo"](case=case_id, now=at, who=who, role=role, reason=reason)
        return int(await self._pool.fetchval(*undo))
