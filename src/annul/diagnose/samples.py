"""Takes samples: from the journal into what rules are learnt of, one stretch in a statement.

Each stretch begins where the last one ended, and once more with what came shortly before, so that
nothing depends on who takes it, nor on how far one that ended in the middle had come.
"""

from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import asyncpg

from annul.domain.kinds import UNDOING, VOIDS
from annul.domain.learnt import ROLES
from annul.domain.response_codes import BOOKED, FAULTS
from annul.store.sql import listed, load

_SQL: Final = load(
    "annul.diagnose",
    "samples.sql",
    undoing=listed(UNDOING),
    voids=listed(VOIDS),
    booked=listed(BOOKED),
    faults=listed(FAULTS),
    roles=" ".join(
        f"WHEN c.kind IN ({listed(kinds)}) THEN '{role}'" for role, kinds in ROLES.items()
    ),
)
AGAIN: Final = timedelta(seconds=150)  # by then all has an answer, and others have spoken
ROWS: Final = 20_000  # transactions in one stretch


class Stretch(NamedTuple):
    """Up to where samples were taken, and how many are new or other than before."""

    until: datetime
    samples: int


class Claim(NamedTuple):
    """The right to learn for a while: up to where samples reach, the last day all was looked at."""

    until: datetime
    taken_until: datetime | None
    whole_on: date | None


class Samples:
    """The samples of a cell. `zone` is that of the business, by its name."""

    def __init__(self, pool: asyncpg.Pool, zone: str) -> None:
        self._pool = pool
        self._zone = zone

    async def claim(self, now: datetime, lease: timedelta) -> Claim | None:
        """Take the right to learn; None while another process has it."""
        until = now + lease
        row = await self._pool.fetchrow(*_SQL["claim"](now=now, until=until))
        return None if row is None else Claim(until, row["taken_until"], row["whole_on"])

    async def release(self, claim: Claim) -> None:
        """Give it back."""
        await self._pool.execute(*_SQL["release"](until=claim.until))

    async def retaken(self, day: date) -> None:
        """Keep that what came late of earlier days was taken on a day."""
        await self._pool.execute(*_SQL["retaken"](day=day))

    async def take(
        self, since: datetime, until: datetime, again: timedelta = AGAIN, rows: int = ROWS
    ) -> Stretch:
        """Take the next samples, of so many transactions at most."""
        row = await self._pool.fetchrow(
            *_SQL["take"](since=since, until=until, again=since - again, most=rows, zone=self._zone)
        )
        assert row is not None, "it says how far it came"
        return Stretch(row["until"], row["samples"])
