"""What is expected of issuers, and what of it does not come: told once, until it has come.

Any host looks; what two see at once is kept once. Who is killed has done nothing: that a file is
late, its incident and what webhooks are told of it are one commit.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

import asyncpg

from annul.domain.business_day import Calendar
from annul.domain.expected_files import WINDOW, Came, Expected, FileState, came_at, expected
from annul.domain.incident import Incident
from annul.domain.text import Text
from annul.settle.days import works
from annul.store.clock import Clock
from annul.store.incidents import Ended, closing, opening
from annul.store.loop import Loop, Loops
from annul.store.sql import load

from .declared import LEARNT_ONLY, DeclaredFiles
from .telling import LATE

SQL: Final = load("annul.settle.clearing", "expecting.sql")
LOOP: Final = "clearing expected"
_KIND: Final = "file_late"
_ALL: Final = Text("所有发卡行", "all issuers")
_ANY: Final = Text("任意版式", "any layout")
_EVERY_S: Final = 60.0
_WITHIN_S: Final = 600.0
_Key = tuple[str, tuple[str, ...], date]


async def now_expected(
    connection: Any, calendar: Calendar, declared: DeclaredFiles, now: datetime
) -> list[Expected]:
    """Give what is expected now (UTC), the earliest first; times on the clock of the business."""
    return _expected(await _came(connection, calendar, now), calendar, declared, now)


def _expected(
    came: Sequence[Came], calendar: Calendar, declared: DeclaredFiles, now: datetime
) -> list[Expected]:
    series = [one.series() for one in declared.expected]
    return expected(came, series, calendar.local(now), declared.grace, works)


async def _came(connection: Any, calendar: Calendar, now: datetime) -> list[Came]:
    """Give what came of the last `WINDOW`, and of days before that are still waited for."""
    since = calendar.local(now).date() - WINDOW
    rows = await connection.fetch(*SQL["came"](since=since))
    return [
        Came(
            row["layout"],
            tuple(sorted(row["issuers"])),
            row["settles_on"],
            calendar.local(row["at"]),
            row["stands"],
        )
        for row in rows
    ]


class Expecting:
    """Looks each minute."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        calendar: Calendar,
        clock: Clock,
        declared: DeclaredFiles = LEARNT_ONLY,
        loops: Loops | None = None,
    ) -> None:
        self._pool = pool
        self._calendar = calendar
        self._clock = clock
        self._declared = declared
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start(
            LOOP, self._turn, first_s=10.0, every_s=_EVERY_S, within_s=_WITHIN_S
        )

    async def stop(self) -> None:
        """End."""
        if self._loop is not None:
            await self._loop.stop()

    async def _turn(self) -> None:
        await self.run()

    async def run(self) -> int:
        """Tell what is late, and close what has come; gives how many are late that were not."""
        now = self._clock.now()
        async with self._pool.acquire() as connection, connection.transaction():
            came = await _came(connection, self._calendar, now)
            found = _expected(came, self._calendar, self._declared, now)
            late = await self._late(connection, found, now)
            await self._arrived(connection, came, now)
        return late

    async def _late(self, connection: Any, found: Iterable[Expected], now: datetime) -> int:
        late = [one for one in found if one.state is FileState.LATE]
        if not late:
            return 0
        rows = await connection.fetch(
            *SQL["late"](
                **_keys([_key(one) for one in late]), due_at=[one.due_at for one in late], now=now
            )
        )
        of = {_key(one): one for one in late}
        new = [of[_key_of(row)] for row in rows]
        await connection.execute(*opening(map(_incident, new), now))
        for one in new:
            await connection.execute(
                *SQL["tell"](
                    layout=one.layout,
                    issuers=list(one.issuers),
                    day=one.settles_on,
                    due_at=one.due_at,
                    event=LATE,
                    now=now,
                )
            )
        return len(new)

    async def _arrived(self, connection: Any, came: Sequence[Came], now: datetime) -> None:
        """Close what has come, however late, and whether it would still be expected or not."""
        waiting = [_key_of(row) for row in await connection.fetch(*SQL["open"]())]
        here = {one: at for one in waiting if (at := came_at(came, *one)) is not None}
        if not here:
            return
        asked = SQL["arrived"](**_keys(list(here)), came_at=list(here.values()))
        rows = await connection.fetch(*asked)
        over = [Ended(_KIND, "", _subject(*_key_of(row))) for row in rows]
        await connection.execute(*closing(over, now))


def _keys(some: Sequence[_Key]) -> dict[str, list[Any]]:
    return {
        "layouts": [layout for layout, _, _ in some],
        "issuers": [",".join(issuers) for _, issuers, _ in some],
        "days": [day for _, _, day in some],
    }


def _key(one: Expected) -> _Key:
    return one.layout, one.issuers, one.settles_on


def _key_of(row: Any) -> _Key:
    return row["layout"], tuple(row["issuers"]), row["settles_on"]


def _subject(layout: str, issuers: tuple[str, ...], day: date) -> str:
    return f"{layout or '*'} {','.join(issuers) or '*'} {day}"


def _incident(one: Expected) -> Incident:
    return Incident.of(
        _KIND,
        "",
        _subject(*_key(one)),
        layout=one.layout or _ANY,
        issuers=", ".join(one.issuers) or _ALL,
        day=str(one.settles_on),
        due_at=one.due_at.isoformat(),
    )
