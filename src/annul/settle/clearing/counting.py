"""What a file comes to, step by step: its rows are matched, breaks opened, proofs kept.

It is the same for a file that is committed and for one that is matched anew: then breaks that it
has again stay as people have left them, and what it has proved again is not proved twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.diagnose.breaks import explained
from annul.domain.business_day import Calendar
from annul.domain.incident import Incident
from annul.settle.chargebacks import proposals
from annul.store import incidents

from . import telling, tolerating
from .breaks import SQL as _BREAKS
from .keeping import prove
from .matching import NOW, Matching, covered_from, window
from .rules import ClearingRules
from .standing import Judging

_INCIDENT: Final = "clearing_breaks"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a file: its rows by outcome, breaks by kind and cause, what is carried.

    `tolerated` are differences that rules accept, by kind and account. `breaks` are the first ones,
    in a preview only.
    """

    file: UUID
    covers_from: date
    settles_on: date
    rows: int
    bad: int
    outcomes: list[dict[str, Any]]
    kinds: list[dict[str, Any]]
    tolerated: list[dict[str, Any]]
    carried: int
    proofs: int
    breaks: list[dict[str, Any]]

    def kept(self) -> dict[str, Any]:
        """Give what is kept of it with the file."""
        return {
            "outcomes": self.outcomes,
            "kinds": self.kinds,
            "tolerated": self.tolerated,
            "carried": self.carried,
            "proofs": self.proofs,
        }


class Opened(NamedTuple):
    """Breaks of a file: those that are new, and those that it had before and has again."""

    new: list[UUID]
    stay: list[UUID]


class Counting(NamedTuple):
    """One file, `described` by its row, in the transaction of a connection that is patient."""

    connection: Any
    calendar: Calendar
    rules: ClearingRules
    described: Any
    now: datetime
    by: Judging = NOW

    @property
    def file(self) -> UUID:
        """Give its number."""
        return self.described["id"]

    async def match(self) -> date:
        """Let its rows, which are staged, find what they tell of; gives its first day."""
        issuers, settles_on = self.described["issuers"], self.described["settles_on"]
        covers_from = await covered_from(self.connection, settles_on, issuers)
        await Matching(
            self.connection,
            self.file,
            self.described["rows"],
            window(self.calendar, covers_from, settles_on),
            issuers,
            self.rules,
            self.calendar.zone,
            self.calendar.cut_over,
            self.now,
            self.by,
        ).run()
        return covers_from

    async def open_breaks(self) -> Opened:
        """Open breaks where rows and books differ, with what causes each."""
        at = {
            "file": self.file,
            "now": self.now,
            "large": self.rules.large,
            "due_hours": self.rules.due_hours,
            "due_hours_large": self.rules.due_hours_large,
        }
        days = {
            "settles_on": self.described["settles_on"],
            "issuers": self.described["issuers"],
        }
        rows = await self.connection.fetch(*self.by.breaks["of_rows"](**at))
        rows += await self.connection.fetch(*self.by.breaks["of_missing"](**at, **days))
        facts = self.by.breaks["facts"](file=self.file)
        found = explained(await self.connection.fetch(*facts))
        await self.connection.execute(
            *_BREAKS["caused"](
                ids=[one.id for one in found],
                causes=[one.cause for one in found],
                differs=[one.differs for one in found],
                facts=[one.facts for one in found],
                foretold=[one.foretold for one in found],
            )
        )
        new = [row["id"] for row in rows if not row["stays"]]
        return Opened(new, [row["id"] for row in rows if row["stays"]])

    async def hold(self, opened: Sequence[UUID]) -> None:
        """Put the money of new breaks into suspense, and tell of them."""
        money = {"business_date": self.calendar.business_date(self.now), "now": self.now}
        await self.connection.execute(*_BREAKS["hold_money"](ids=list(opened), **money))
        await telling.of_breaks(self.connection, telling.OPENED, opened, self.now)
        if opened:
            name = self.described["name"]
            raised = Incident.of(_INCIDENT, "", name, name=name, count=len(opened))
            await self.connection.execute(*incidents.opening([raised], self.now))

    async def bear(self) -> None:
        """Post the differences that rules accept, and take back those that they do no longer."""
        await tolerating.post(self.connection, self.calendar, self.file, self.now)

    async def propose(self) -> None:
        """Keep what rows tell of chargebacks, for people."""
        await proposals.propose(self.connection, self.file, self.described["name"], self.now)

    async def put_right(self) -> None:
        """End breaks of earlier files that this one puts right."""
        before = await self._ids(_BREAKS["ended_in"](file=self.file))
        await self.connection.execute(*_BREAKS["agreed"](file=self.file, now=self.now))
        after = await self._ids(_BREAKS["ended_in"](file=self.file))
        ended = sorted(set(after) - set(before))
        money = {"business_date": self.calendar.business_date(self.now), "now": self.now}
        await self.connection.execute(*_BREAKS["free_money"](ids=ended, **money))
        await telling.of_breaks(self.connection, telling.RESOLVED, ended, self.now)

    async def prove(self) -> int:
        """Keep what its rows prove that was not proved before; gives how much."""
        return await prove(self.connection, self.by.proofs, self.file, self.now)

    async def result(self, covers_from: date, proofs: int) -> Result:
        """Sum up what came of it."""
        outcomes = await self.connection.fetch(*_BREAKS["outcomes"](file=self.file))
        kinds = await self.connection.fetch(*_BREAKS["sums"](file=self.file))
        tolerated = await self.connection.fetch(*tolerating.SQL["sums"](file=self.file))
        return Result(
            self.file,
            covers_from,
            self.described["settles_on"],
            self.described["rows"],
            self.described["bad"],
            [dict(row) for row in outcomes],
            [dict(row) for row in kinds],
            [dict(row) for row in tolerated],
            await self.connection.fetchval(*_BREAKS["carried_on"](file=self.file)),
            proofs,
            [],
        )

    async def _ids(self, asked: tuple[Any, ...]) -> list[UUID]:
        return [row["id"] for row in await self.connection.fetch(*asked)]
