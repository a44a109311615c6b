"""A committed file is matched anew, by rules that have changed since: shown before it is done.

It is one transaction of the database, in which what the file had told is taken back and told again:
nobody sees anything in between, and a process that is killed has done nothing. Looking at it is the
same, rolled back.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from annul.domain.business_day import Calendar
from annul.store.clock import Clock
from annul.store.sql import load

from .commit import SHOWN, incidents_of, taken_back, taken_up
from .counting import Counting, Result
from .ending import open_again, withdraw
from .keeping import SQL as _PROOFS
from .load import SQL as _FILES
from .matching import BEFORE, PREVIEW_BEFORE
from .patient import Patient
from .rules import ClearingRules
from .standing import Judging

_SQL: Final = load("annul.settle.clearing", "again.sql", nobody=str(UUID(int=0)))


@dataclass(frozen=True, slots=True)
class Again:
    """What differs once a file is matched anew, and what comes of it then.

    `changes` by outcome before and after; `changed` the first rows of them. Counted are breaks
    that are new, that are withdrawn, that stay as people have left them, and those of earlier files
    that are open again; proofs that are new and that are undone. `at_stake` is the money, in minor
    units, of which it is said otherwise then: what is proved no longer, what people had decided.
    """

    name: str
    by: int
    changes: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    opened: int
    withdrawn: int
    stay: int
    reopened: int
    proved: int
    unproved: int
    at_stake: int
    result: Result


class Anew:
    """Matches the committed files of one cell anew, by `rules`, of which `version` is in force."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        calendar: Calendar,
        clock: Clock,
        rules: ClearingRules,
        version: int = 0,
    ) -> None:
        self._pool = pool
        self._calendar = calendar
        self._clock = clock
        self._rules = rules
        self._version = version

    async def preview(self, file: UUID) -> Again:
        """Say what would differ; nothing is kept. Raises `NotCommitted`, `LaterCommitted`."""
        async with self._pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                return await self.run(connection, file, ("", ""), PREVIEW_BEFORE)
            finally:
                await transaction.rollback()

    async def run(
        self, connection: Any, file: UUID, by: tuple[str, str], judging: Judging = BEFORE
    ) -> Again:
        """Match a file anew, in the caller's transaction; `by`: who does it, and why.

        Raises `NotCommitted`, `LaterCommitted`.
        """
        now, connection = self._clock.now(), Patient(connection)
        described = await taken_up(connection, file)
        await connection.execute(*_FILES["room"]())
        await connection.execute(*_SQL["keep"](file=file))
        await connection.execute(*_FILES["unstage"](file=file))  # what a commit may have left
        await connection.execute(*_SQL["stage"](file=file))
        await taken_back(connection, file)
        counting = Counting(connection, self._calendar, self._rules, described, now, judging)
        covers_from = await counting.match()
        await connection.execute(*_FILES["unstage"](file=file))
        counts = await self._breaks(counting, by)
        result = await counting.result(covers_from, counts["proofs"])
        again = await self._compared(connection, described["name"], counts, result)
        await connection.execute(
            *_SQL["matched_again"](
                file=file, covers_from=covers_from, result=result.kept(), rules=self._version
            )
        )
        return again

    async def _breaks(self, counting: Counting, by: tuple[str, str]) -> dict[str, int]:
        """Open, withdraw and open again breaks, then keep and let go of proofs; gives how many."""
        connection, file, now = counting.connection, counting.file, counting.now
        opened = await counting.open_breaks()
        stay = [*opened.new, *opened.stay]
        gone = await withdraw(connection, self._calendar, file, by, now, stay)
        reopened = await open_again(connection, self._calendar, file, now)
        await counting.hold(opened.new)
        await counting.bear()
        await counting.put_right()
        await counting.propose()
        # First what is new: how a transaction stood before is known by the proofs that go.
        proved = await counting.prove()
        outdated = counting.by.proofs["outdated"](file=file, breaks=gone, now=now)
        unproved = int((await connection.execute(*outdated)).rsplit(" ", 1)[1])
        await incidents_of(connection, [file], now)
        return {
            "opened": len(opened.new),
            "withdrawn": len(gone),
            "stay": len(opened.stay),
            "reopened": reopened,
            "proved": proved,
            "unproved": unproved,
            "at_stake": await connection.fetchval(*_SQL["at_stake"](file=file, now=now)),
            "proofs": await connection.fetchval(*_PROOFS["count"](file=file)),
        }

    async def _compared(
        self, connection: Any, name: str, counts: dict[str, int], result: Result
    ) -> Again:
        file = result.file
        changes = await connection.fetch(*_SQL["changes"](file=file))
        changed = await connection.fetch(*_SQL["changed"](file=file, most=SHOWN))
        await connection.execute(*_SQL["forget"](file=file))
        return Again(
            name,
            self._version,
            [dict(row) for row in changes],
            [dict(row) for row in changed],
            result=result,
            **{name: count for name, count in counts.items() if name != "proofs"},
        )
