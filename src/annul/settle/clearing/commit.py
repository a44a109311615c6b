"""A file that was looked at is committed: what it tells counts from then on; or it is discarded.

Each is one transaction of the database, so that one that is killed has done nothing. Looking at a
file before is the same, rolled back: what is shown is what will be.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from annul.diagnose.breaks import explained
from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.domain.incident import Incident
from annul.store import incidents
from annul.store.clock import Clock

from . import telling
from .breaks import SQL as _OF_BREAKS
from .ending import SQL as _ENDING
from .ending import undo_ended
from .keeping import SQL as _PROOFS
from .load import SQL as FILES
from .matching import Matching, covered_from, window
from .patient import Patient
from .rules import ClearingRules

SHOWN: Final = 200  # breaks that a preview lists
_BREAKS: Final = "clearing_breaks"


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


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a file: its rows by outcome, breaks by kind and cause, what is carried.

    `breaks` are the first ones, in a preview only.
    """

    file: UUID
    covers_from: date
    settles_on: date
    rows: int
    bad: int
    outcomes: list[dict[str, Any]]
    kinds: list[dict[str, Any]]
    carried: int
    proofs: int
    breaks: list[dict[str, Any]]

    def kept(self) -> dict[str, Any]:
        """Give what is kept of it with the file."""
        return {
            "outcomes": self.outcomes,
            "kinds": self.kinds,
            "carried": self.carried,
            "proofs": self.proofs,
        }


class Clearing:
    """Commits and discards the files of one cell."""

    def __init__(
        self, pool: asyncpg.Pool, calendar: Calendar, clock: Clock, rules: ClearingRules
    ) -> None:
        self._pool = pool
        self._calendar = calendar
        self._clock = clock
        self._rules = rules

    async def preview(self, file: UUID) -> Result:
        """Say what a commit would do; nothing is kept. Raises `NotStaged` and `RowsGone`."""
        async with self._pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                result = await self._count(Patient(connection), file, self._clock.now())
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
                who=who,
                now=now,
            )
        )
        await telling.of_file(connection, telling.COMMITTED, file, now)
        return result

    async def unstage(self, file: UUID) -> None:
        """Remove the staged rows of a file that was committed; `Loader.tidy` finds what is left."""
        await Patient(self._pool).execute(*FILES["unstage"](file=file))

    async def _count(self, connection: Any, file: UUID, now: datetime) -> Result:
        described = await connection.fetchrow(*FILES["lock"](file=file, state="staged"))
        if described is None:
            raise NotStaged
        if described["staged"] != described["rows"]:
            raise RowsGone
        await connection.execute(*FILES["room"]())
        issuers, settles_on = described["issuers"], described["settles_on"]
        covers_from = await covered_from(connection, settles_on, issuers)
        days = window(self._calendar, covers_from, settles_on)
        await Matching(
            connection,
            file,
            described["rows"],
            days,
            issuers,
            self._rules,
            self._calendar.zone,
            self._calendar.cut_over,
        ).run()
        await self._breaks(connection, described, now)
        proofs = await connection.execute(*_PROOFS["prove"](file=file, now=now))
        outcomes = await connection.fetch(*_OF_BREAKS["outcomes"](file=file))
        kinds = await connection.fetch(*_OF_BREAKS["sums"](file=file))
        return Result(
            file,
            covers_from,
            settles_on,
            described["rows"],
            described["bad"],
            [dict(row) for row in outcomes],
            [dict(row) for row in kinds],
            await connection.fetchval(*_OF_BREAKS["carried_on"](file=file)),
            int(proofs.rsplit(" ", 1)[1]),
            [],
        )

    async def _breaks(self, connection: Any, described: Any, now: datetime) -> None:
        file, name = described["id"], described["name"]
        at = {"file": file, "now": now, "large": self._rules.large}
        await connection.execute(*_OF_BREAKS["of_rows"](**at))
        await connection.execute(
            *_OF_BREAKS["of_missing"](
                **at, settles_on=described["settles_on"], issuers=described["issuers"]
            )
        )
        found = explained(await connection.fetch(*_OF_BREAKS["facts"](file=file)))
        await connection.execute(
            *_OF_BREAKS["caused"](
                ids=[one.id for one in found],
                causes=[one.cause for one in found],
                differs=[one.differs for one in found],
                facts=[one.facts for one in found],
                foretold=[one.foretold for one in found],
            )
        )
        day = self._calendar.business_date(now)
        money = {"business_date": day, "now": now}
        opened = await _ids(connection, _OF_BREAKS["of_file"](file=file))
        await connection.execute(*_OF_BREAKS["hold_money"](ids=opened, **money))
        await connection.execute(*_OF_BREAKS["agreed"](file=file, now=now))
        ended = await _ids(connection, _OF_BREAKS["ended_in"](file=file))
        await connection.execute(*_OF_BREAKS["free_money"](ids=ended, **money))
        await telling.of_breaks(connection, telling.OPENED, opened, now)
        await telling.of_breaks(connection, telling.RESOLVED, ended, now)
        if opened:
            raised = Incident.of(_BREAKS, "", name, name=name, count=len(opened))
            await connection.execute(*incidents.opening([raised], now))

    async def discard(self, connection: Any, file: UUID, who: str, reason: str) -> None:
        """Let a file count no longer, in the caller's transaction; what it proved is undone.

        Raises `NotCommitted` and `LaterCommitted`.
        """
        now, connection = self._clock.now(), Patient(connection)
        described = await connection.fetchrow(*FILES["lock"](file=file, state="committed"))
        if described is None:
            raise NotCommitted
        issuers, settles_on = described["issuers"], described["settles_on"]
        await covered_from(connection, settles_on, issuers)
        later = _ENDING["later"](file=file, settles_on=settles_on, issuers=issuers)
        if await connection.fetchval(*later):
            raise LaterCommitted
        await telling.of_file(connection, telling.DISCARDED, file, now)
        await undo_ended(connection, self._calendar, file, who, reason, now)
        for step in ("uncarry", "unfind", "unmatch"):
            await connection.execute(*_ENDING[step](file=file))
        await connection.execute(*_PROOFS["discard"](file=file, now=now))
        await connection.execute(*FILES["discarded"](file=file, who=who, reason=reason, now=now))
        await incidents_of(connection, [file], now)


async def incidents_of(connection: Any, files: list[UUID], now: datetime) -> None:
    """Close the incidents of files of which no break waits any more."""
    await connection.execute(*_ENDING["close_incidents"](files=files, now=now))


async def _ids(connection: Any, asked: tuple[Any, ...]) -> list[UUID]:
    return [row["id"] for row in await connection.fetch(*asked)]
