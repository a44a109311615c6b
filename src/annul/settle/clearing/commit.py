"""A file that was looked at is committed: what it tells counts from then on; or it is discarded.

Each is one transaction of the database, so that one that is killed has done nothing. Looking at a
file before is the same, rolled back: what is shown is what will be.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.settle.chargebacks import proposals
from annul.store.clock import Clock

from . import telling, tolerating
from .breaks import SQL as _OF_BREAKS
from .counting import Counting, Result
from .ending import SQL as _ENDING
from .ending import open_again, withdraw
from .keeping import SQL as _PROOFS
from .load import SQL as FILES
from .matching import NOW, PREVIEW, covered_from
from .patient import Patient
from .rules import ClearingRules
from .standing import Judging

SHOWN: Final = 200  # breaks that a preview lists


class NotStaged(AnnulError):
    """No clearing file of this number waits to be committed. Nothing has changed."""

    code = "clearing.not_staged"
    next_step = "Look at the list of files: it may have been committed, dropped or discarded."


class RowsGone(AnnulError):
    """The rows of this file were lost in a crash of the database. Nothing of it counts."""

    code = "clearing.rows_gone"
    next_step = "Drop it, and read the file again."


class NotCommitted(AnnulError):
    """No clearing file of this number counts. Nothing has changed."""

    code = "clearing.not_committed"
    next_step = "Look at the list of files for how it stands."


class LaterCommitted(AnnulError):
    """A later file of the same issuers counts, and was matched with what this one left open."""

    code = "clearing.later_committed"
    next_step = "Discard the later files first, the latest one first."


class Clearing:
    """Commits and discards the files of one cell, by `rules`, of which `version` is in force."""

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

    async def preview(self, file: UUID) -> Result:
        """Say what a commit would do; nothing is kept. Raises `NotStaged` and `RowsGone`."""
        async with self._pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                result = await self._count(Patient(connection), file, self._clock.now(), PREVIEW)
                rows = await connection.fetch(*_OF_BREAKS["first"](file=file, most=SHOWN))
            finally:
                await transaction.rollback()
        return replace(result, breaks=[dict(row) for row in rows])

    async def commit(self, connection: Any, file: UUID, who: str) -> Result:
        """Let a staged file count, in the caller's transaction.

        Raises `NotStaged`, `RowsGone`.
        """
        now, connection = self._clock.now(), Patient(connection)
        result = await self._count(connection, file, now)
        await connection.execute(
            *FILES["committed"](
                file=file,
                covers_from=result.covers_from,
                result=result.kept(),
                rules=self._version,
                who=who,
                now=now,
            )
        )
        await telling.of_file(connection, telling.COMMITTED, file, now)
        return result

    async def unstage(self, file: UUID) -> None:
        """Remove the staged rows of a file that was committed; `Loader.tidy` finds what is left."""
        await Patient(self._pool).execute(*FILES["unstage"](file=file))

    async def _count(self, connection: Any, file: UUID, now: datetime, by: Judging = NOW) -> Result:
        described = await connection.fetchrow(*FILES["lock"](file=file, state="staged"))
        if described is None:
            raise NotStaged
        if described["staged"] != described["rows"]:
            raise RowsGone
        await connection.execute(*FILES["room"]())
        counting = Counting(connection, self._calendar, self._rules, described, now, by)
        covers_from = await counting.match()
        await counting.hold((await counting.open_breaks()).new)
        await counting.bear()
        await counting.put_right()
        await counting.propose()
        return await counting.result(covers_from, await counting.prove())

    async def discard(self, connection: Any, file: UUID, who: str, reason: str) -> None:
        """Let a file count no longer, in the caller's transaction; what it proved is undone.

        Raises `NotCommitted` and `LaterCommitted`.
        """
        now, connection = self._clock.now(), Patient(connection)
        await taken_up(connection, file)
        await telling.of_file(connection, telling.DISCARDED, file, now)
        await taken_back(connection, file)
        await tolerating.post(connection, self._calendar, file, now)
        await withdraw(connection, self._calendar, file, (who, reason), now)
        await open_again(connection, self._calendar, file, now)
        await connection.execute(*_PROOFS["discard"](file=file, now=now))
        await connection.execute(*FILES["discarded"](file=file, who=who, reason=reason, now=now))
        await proposals.withdraw(connection, file, now)
        await incidents_of(connection, [file], now)


async def taken_up(connection: Any, file: UUID) -> Any:
    """Give a file that counts, held until the end of the transaction; nobody counts another.

    Raises `NotCommitted`, and `LaterCommitted` where a later one builds upon it.
    """
    described = await connection.fetchrow(*FILES["lock"](file=file, state="committed"))
    if described is None:
        raise NotCommitted
    issuers, settles_on = described["issuers"], described["settles_on"]
    await covered_from(connection, settles_on, issuers)
    later = _ENDING["later"](file=file, settles_on=settles_on, issuers=issuers)
    if await connection.fetchval(*later):
        raise LaterCommitted
    return described


async def taken_back(connection: Any, file: UUID) -> None:
    """Remove what a file has told: nothing is matched by it, expected for it or accepted of it."""
    for step in ("uncarry", "unfind", "unmatch"):
        await connection.execute(*_ENDING[step](file=file))
    await connection.execute(*tolerating.SQL["count_no_more"](file=file))


async def incidents_of(connection: Any, files: list[UUID], now: datetime) -> None:
    """Close the incidents of files of which no break waits any more."""
    await connection.execute(*_ENDING["close_incidents"](files=files, now=now))
