"""Looks whether requests come where they are the rule, as a part of the turn that judges.

A stream is looked at when enough of them could be missing, so a thousand streams cost a few rows
in a turn. What was counted late, or while nobody judged, is not taken for silence.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, Self
from zoneinfo import ZoneInfo

import chinese_calendar
import structlog

from annul.domain.alarm_streams import EVERYTHING, Scope, Stream
from annul.domain.alarm_traffic import (
    KIND,
    Cell,
    Rhythm,
    Silence,
    bar,
    cell_of,
    rhythm,
)
from annul.domain.incident import Incident
from annul.store.incidents import Ended, closing, opening
from annul.store.sql import load

from .holding import BACK, Holds
from .rules import AlarmRules
from .standing import names

log = structlog.get_logger(__name__)

SQL: Final = load("annul.operate.alarms", "traffic.sql")
_PAUSE: Final = timedelta(seconds=60)  # without a turn, after which nothing is known of before
_SOONEST: Final = timedelta(seconds=15)
_LATEST: Final = timedelta(hours=6)
_HELD: Final = timedelta(minutes=10)  # as one is looked at whose hour is not to be learnt from
_ONCE: Final = 50  # streams in one turn
_OTHERS: Final = 0.5  # of its bar: a wider stream that misses so much may be what is silent
_USUAL_AFTER: Final = timedelta(days=3)  # a silence that lasts longer is what is usual
_FORGOTTEN: Final = BACK

Connection = Any


@dataclass(frozen=True, slots=True)
class Followed:
    """A stream as its row says."""

    stream: Stream
    seen: datetime
    learnt_at: datetime | None
    rhythm: Rhythm
    silent_since: datetime | None
    looks_at: datetime | None = None

    @classmethod
    def of(cls, row: Any) -> Self:
        """Read a row."""
        known = Rhythm(tuple(row["rates"]), tuple(row["whole"])) if row["rates"] else Rhythm()
        stream = Stream(Scope(row["scope"]), row["member"])
        return cls(stream, row["seen_at"], row["learnt_at"], known, row["silent_since"])


class Listening(NamedTuple):
    """Since when somebody listens without a pause, and to whom nobody speaks meanwhile."""

    watched: datetime
    held: Holds

    def since(self, stream: Stream) -> datetime:
        """Give from when on it is silence when nothing is heard of a stream."""
        return max(self.watched, self.held.last(stream) or self.watched)


class Traffic:
    """Judges silences. `zone` is that of the hours from which is learnt."""

    def __init__(self, zone: ZoneInfo, rules: AlarmRules) -> None:
        self._zone = zone
        self._rules = rules

    async def follow(
        self, connection: Connection, streams: Collection[Stream], now: datetime
    ) -> None:
        """Look at streams from now on, that are new or have been heard again."""
        mine = [one for one in streams if one.scope in self._rules.quiet_scopes()]
        if mine:
            await connection.execute(*SQL["follow"](**names(mine), now=now))

    async def look(self, connection: Connection, now: datetime, held: Holds) -> None:
        """Close what is heard again, and look at what is due."""
        await self._close(connection, now)
        watched = await connection.fetchval(*SQL["beat"](now=now, pause=now - _PAUSE))
        heard = Listening(watched, held)
        rows = await connection.fetch(*SQL["due"](now=now, limit=_ONCE))
        due = [Followed.of(row) for row in rows]
        if not due:
            return
        due = await self._learnt(connection, due, now)
        await self._unlearn(connection, [one for one in due if held.now(one.stream)], now)
        local = now.astimezone(self._zone)
        quiet = [one for one in due if not one.silent_since and self._quiet(one, heard, local)]
        explained = await self._explained(connection, quiet, heard, local)
        silent = [one for one in quiet if one.stream not in explained]
        raised = {one.stream for one in silent}
        await self._raise(connection, silent, heard, local)
        over = [one for one in due if self._over(one, now)]
        await self._forget(connection, over, now)
        moved = [
            self._next(one, heard, local, raised=one.stream in raised)
            for one in due
            if one not in over
        ]
        await connection.execute(*SQL["next"](**_columns(moved)))

    def _silence(self, one: Followed, heard: Listening) -> Silence:
        seen = one.seen.astimezone(self._zone)
        return Silence(one.stream.scope, one.rhythm, seen, heard.since(one.stream), special)

    def _bar(self, one: Followed) -> float:
        return bar(one.stream.scope, self._rules.per_million)

    def _quiet(self, one: Followed, heard: Listening, local: datetime, part: float = 1.0) -> bool:
        """Say whether enough requests are missing, or this part of enough."""
        return self._silence(one, heard).missing(local) >= part * self._bar(one)

    async def _explained(
        self, connection: Connection, quiet: list[Followed], heard: Listening, local: datetime
    ) -> set[Stream]:
        """Name those of which what they belong to is silent as well, or may turn out to be."""
        above = {one.stream: _above(one.stream) for one in quiet}
        wanted = {each for many in above.values() for each in many}
        if not wanted:
            return set()
        rows = await connection.fetch(*SQL["these"](**names(sorted(wanted))))
        may = {
            one.stream
            for one in map(Followed.of, rows)
            if one.silent_since or self._quiet(one, heard, local, _OTHERS)
        }
        return {stream for stream, many in above.items() if not may.isdisjoint(many)}

    def _next(self, one: Followed, heard: Listening, local: datetime, *, raised: bool) -> Followed:
        """Say when a stream is looked at next."""
        if raised or one.silent_since:
            since = one.silent_since or one.seen
            return replace(one, silent_since=since, looks_at=local + _SOONEST)
        latest = local + (_HELD if heard.held.now(one.stream) else _LATEST)
        next_at = self._silence(one, heard).reaches(self._bar(one), latest)
        return replace(one, looks_at=max(next_at, local + _SOONEST))

    def _over(self, one: Followed, now: datetime) -> bool:
        """Say whether a stream is looked at no more."""
        if one.stream.scope not in self._rules.quiet_scopes():
            return True
        if one.silent_since:
            return now - one.silent_since > _USUAL_AFTER
        return now - one.seen > _FORGOTTEN

    # What is usual ----------------------------------------------------------------------------

    async def _learnt(
        self, connection: Connection, due: list[Followed], now: datetime
    ) -> list[Followed]:
        """Learn once a day, from the days before it."""
        midnight = now.astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        old = [one for one in due if one.learnt_at is None or one.learnt_at < midnight]
        if not old:
            return due
        span = {
            "zone": self._zone.key,
            "since": midnight - timedelta(days=self._rules.history_days),
            "until": midnight,
            **names([one.stream for one in old]),
        }
        cells = await connection.fetch(*SQL["cells"](**span))
        days = await connection.fetch(*SQL["days"](**span))
        known = rhythms(cells, days)
        fresh = {
            one.stream: replace(one, rhythm=known.get(one.stream, Rhythm()), learnt_at=now)
            for one in old
        }
        return [fresh.get(one.stream, one) for one in due]

    async def _unlearn(
        self, connection: Connection, held: Collection[Followed], now: datetime
    ) -> None:
        """Learn nothing from the hour in which an issuer is held."""
        if held:
            streams = names([one.stream for one in held])
            await connection.execute(*SQL["not_usual"](**streams, since=[now] * len(held), now=now))

    # Alarms -----------------------------------------------------------------------------------

    async def _raise(
        self, connection: Connection, silent: list[Followed], heard: Listening, local: datetime
    ) -> None:
        if not silent:
            return
        told = [self._incident(one, heard, local) for one in silent]
        await connection.execute(*opening(told, local))
        for one in silent:
            scope, member = one.stream
            log.warning("alarm_raised", what=KIND, scope=str(scope), member=member)

    def _incident(self, one: Followed, heard: Listening, local: datetime) -> Incident:
        rate = one.rhythm.rates[cell_of(local.hour, rests=local.isoweekday() > 5)]
        return Incident.of(
            KIND,
            _merchant(one.stream),
            " ".join(one.stream),
            stream=one.stream.text,
            since=one.seen.isoformat(),
            rate=f"{rate:.1f}",
            missing=f"{self._silence(one, heard).missing(local):.0f}",
        )

    async def _close(self, connection: Connection, now: datetime) -> None:
        heard = [Followed.of(row) for row in await connection.fetch(*SQL["heard"]())]
        if heard:
            await self._ended(connection, heard, now)
            again = [replace(one, silent_since=None, looks_at=now) for one in heard]
            await connection.execute(*SQL["next"](**_columns(again)))
        if any(one.stream == EVERYTHING for one in heard):  # it explains the others up to now
            await connection.execute(*SQL["anew"](now=now))

    async def _ended(self, connection: Connection, ended: list[Followed], now: datetime) -> None:
        """Close the incidents of silences that are over, and learn nothing from their hours."""
        rows = [Ended(KIND, _merchant(one.stream), " ".join(one.stream)) for one in ended]
        await connection.execute(*closing(rows, now))
        streams = names([one.stream for one in ended])
        since = [one.silent_since for one in ended]
        await connection.execute(*SQL["not_usual"](**streams, since=since, now=now))

    async def _forget(self, connection: Connection, ended: list[Followed], now: datetime) -> None:
        """Let go of what has been silent so long that it is usual."""
        if not ended:
            return
        rows = [Ended(KIND, _merchant(o.stream), " ".join(o.stream)) for o in ended]
        await connection.execute(*closing(rows, now))
        await connection.execute(*SQL["gone"](**names([one.stream for one in ended])))


def special(day: date) -> bool:
    """Say whether a day is not of its usual kind: a holiday, or a weekend that is worked."""
    try:
        return chinese_calendar.is_workday(day) == (day.isoweekday() > 5)
    except NotImplementedError:
        return False  # of a year that is not announced


def rhythms(cells: Iterable[Any], days: Iterable[Any]) -> Mapping[Stream, Rhythm]:
    """Make rhythms of the rows of `cells` and `days`."""
    known: dict[Stream, list[tuple[int, int]]] = {}
    for row in days:
        kinds = known.setdefault(Stream(Scope(row["scope"]), row["member"]), [(0, 0), (0, 0)])
        kinds[row["rest"]] = (row["days"], row["empty"])
    hours: dict[Stream, list[Cell]] = {stream: [Cell()] * 48 for stream in known}
    for row in cells:
        stream, rest = Stream(Scope(row["scope"]), row["member"]), row["rest"]
        if stream in known:
            of = max(known[stream][rest][0] - row["unusual"], row["heard"])
            place = cell_of(row["o"], rests=rest)
            hours[stream][place] = Cell(of, of - row["heard"], row["total"], row["squares"])
    return {
        stream: rhythm(hours[stream], [kind[1] for kind in kinds], [kind[0] for kind in kinds])
        for stream, kinds in known.items()
    }


def _above(stream: Stream) -> set[Stream]:
    """Name what a stream belongs to."""
    parent = stream.parent
    return set() if parent is None else {parent, *_above(parent)}


def _merchant(stream: Stream) -> str:
    return stream.member if stream.scope is Scope.MERCHANT else ""


def _columns(rows: Collection[Followed]) -> dict[str, list[Any]]:
    return {
        **names([one.stream for one in rows]),
        "looks_at": [one.looks_at for one in rows],
        "learnt_at": [one.learnt_at for one in rows],
        "silent_since": [one.silent_since for one in rows],
        "rates": [",".join(map(repr, one.rhythm.rates)) for one in rows],
        "whole": [",".join("true" if w else "false" for w in one.rhythm.whole) for one in rows],
    }
