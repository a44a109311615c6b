"""The turn that judges: any host takes what all have counted, and moves the streams on.

All of a turn is one transaction: what a process that is killed had taken is there for the next one,
and nothing counts twice. One process judges at a time.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from annul.domain.alarm_baseline import History, usual
from annul.domain.alarm_scopes import explained
from annul.domain.alarm_streams import Scope, Stream, Way, summed
from annul.domain.alarms import MEASURES, Counts, Measure
from annul.issuers.health import percentile
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops

from . import raising
from .asking import Asking
from .holding import Holds, holds
from .rules import USUAL_RULES, AlarmRules
from .standing import Standing, columns, names, parents
from .statements import SQL
from .traffic import Traffic

log = structlog.get_logger(__name__)

EVERY_S: Final = 3.0
_LIMIT: Final = 50_000  # rows of counts in one turn
_LATELY: Final = timedelta(minutes=30)  # for which an alarm can tell whom it is about
_JUST_BEFORE: Final = timedelta(milliseconds=1)
_SLOW_OF: Final = timedelta(days=7)
_SLOW_SHARE: Final = 0.99
_SLOW_LEAST: Final = 1_000  # answers from which is learnt what is slow
_SAYS_S: Final = 30.0  # between two looks at what open alarms say
_SAID: Final = 20  # open alarms of which that is kept true

Connection = Any
Standings = dict[Stream, Standing]
_NONE: Final = Counts()


class Judging:
    """Judges every few seconds. `zone` is that of the hours from which is learnt.

    `asking` says why something fails; without it cases, line and codes do.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: Clock,
        zone: ZoneInfo,
        rules: AlarmRules = USUAL_RULES,
        loops: Loops | None = None,
        asking: Asking | None = None,
    ) -> None:
        self._asking = asking
        self._pool = pool
        self._clock = clock
        self._zone = zone
        self._rules = rules
        self._traffic = Traffic(zone, rules)
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None
        self._says_at = 0.0

    def start(self) -> None:
        """Begin."""
        self._loop = self._loops.start("alarms", self.turn, first_s=1.0, every_s=EVERY_S)

    async def stop(self) -> None:
        """End."""
        if self._loop is not None:
            await self._loop.stop()

    async def turn(self) -> None:
        """Judge what has been counted, unless another process does; then say why it is so."""
        raised = False
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.fetchval(*SQL["lock"]()):
                now = self._clock.now()
                held = await holds(connection, now)
                raised = await self._judge(connection, now, held)
                await self._traffic.look(connection, now, held)
        due = self._clock.monotonic()
        if raised or due >= self._says_at:
            self._says_at = due + _SAYS_S
            await self._say()

    async def _judge(self, connection: Connection, now: datetime, held: Holds) -> bool:
        """Give whether an alarm was raised."""
        rows = await connection.fetch(*SQL["take"](limit=_LIMIT, **held.columns()))
        ways = {Way(*row[:5]): Counts(*row[5:10]) for row in rows}
        if not ways:
            return False
        at = min(row["at"] for row in rows).timestamp()
        counts = summed(ways)
        standings = await self._read(connection, counts, now)
        raised: dict[Measure, list[Stream]] = defaultdict(list)
        for stream, mine in counts.items():
            if (last := held.last(stream)) is not None:
                standings[stream].begin_anew(Measure.SILENCE, last.timestamp())
            for measure in standings[stream].moved(mine, at, self._rules.per_million):
                raised[measure].append(stream)
        if raised:
            await self._raise(connection, standings, raised, now)
        await self._close(connection, standings, now)
        moved = [one for one in standings.values() if one.hour is not None]
        await connection.execute(*SQL["put"](**columns(moved), hour=_hour(now), now=now))
        await connection.execute(*SQL["forget"](before=now - _LATELY))
        return bool(raised)

    # What is usual --------------------------------------------------------------------------

    async def _read(
        self, connection: Connection, streams: Collection[Stream], now: datetime
    ) -> Standings:
        """Read streams and those that have an alarm, with what is usual for them in this hour."""
        found: Standings = {}
        for row in await connection.fetch(*SQL["streams"](**names(streams))):
            standing = Standing.of(row)
            found[standing.stream] = standing
        found |= {one: Standing(one) for one in streams if one not in found}
        past = [one for one in found.values() if one.hour != _hour(now)]
        if past:
            await self._keep_hours(connection, past)
            await self._learn(connection, past, now)
            await self._traffic.follow(connection, [one.stream for one in past], now)
        return found

    async def _keep_hours(self, connection: Connection, past: list[Standing]) -> None:
        over = [one for one in past if one.hour is not None and any(one.counts)]
        if over:
            counted = zip(*(one.counts for one in over), strict=True)
            await connection.execute(
                *SQL["put_hours"](
                    **names([one.stream for one in over]),
                    **dict(zip(Counts._fields, map(list, counted), strict=True)),
                    hours=[one.hour for one in over],
                )
            )

    async def _learn(self, connection: Connection, past: list[Standing], now: datetime) -> None:
        """Learn what is usual in this hour, for streams whose hour is over."""
        streams = [one.stream for one in past]
        here = now.astimezone(self._zone)
        rows = await connection.fetch(
            *SQL["histories"](
                **names(list(parents(streams))),
                zone=self._zone.key,
                since=now - timedelta(days=self._rules.history_days),
                o=here.hour,
                rest=here.isoweekday() > 5,
            )
        )
        known = {
            (Stream(Scope(row["scope"]), row["member"]), MEASURES[row["measure"]]): History(
                *row[3:]
            )
            for row in rows
        }
        slow = await self._slow(connection, streams, now)
        for one in past:
            parent = one.stream.parent
            one.usual = tuple(
                usual(
                    measure,
                    known.get((one.stream, measure), History()),
                    known.get((parent, measure)) if parent else None,
                )
                for measure in MEASURES
            )
            one.hour, one.counts = _hour(now), _NONE
            one.slow_ms = slow.get(one.stream.member, one.slow_ms)

    async def _slow(
        self, connection: Connection, streams: Collection[Stream], now: datetime
    ) -> Mapping[str, int]:
        issuers = [one.member for one in streams if one.scope is Scope.ISSUER]
        if not issuers:
            return {}
        rows = await connection.fetch(*SQL["latencies"](since=now - _SLOW_OF, issuers=issuers))
        return {
            row["issuer_id"]: percentile(row["latencies"], _SLOW_SHARE) or 0
            for row in rows
            if sum(row["latencies"]) >= _SLOW_LEAST
        }

    # Alarms ---------------------------------------------------------------------------------

    async def _raise(
        self,
        connection: Connection,
        standings: Standings,
        raised: Mapping[Measure, list[Stream]],
        now: datetime,
    ) -> None:
        """Say of each alarm whom it is about, and open one incident for each trouble."""
        for measure, alarmed in raised.items():
            place = MEASURES.index(measure)
            began = min(standings[one].trails[place].since for one in alarmed)
            # A float of seconds may be a microsecond late.
            since = max(datetime.fromtimestamp(began, UTC) - _JUST_BEFORE, now - _LATELY)
            rows = await connection.fetch(*SQL["lately"](since=since))
            lately = {Way(*row[:5]): Counts(*row[5:]) for row in rows}
            sums = summed(lately)
            missing = [one for one in sums if one not in standings]
            if missing:
                standings |= await self._read(connection, missing, now)
            heads = {one.stream for one in standings.values() if one.heads(measure)}
            share = partial(_share, standings)
            whose = explained(alarmed, measure, lately, share, sorted(heads))
            for stream in {*whose, *whose.values()} - heads:
                by, mine = whose.get(stream, stream), sums.get(stream, _NONE)
                standings[stream].raise_alarm(measure, by, began, mine)
            new = [standings[one] for one in sorted(set(whose.values()) - heads)]
            await raising.open_alarms(connection, new, measure, now)
            await self._unlearn(connection, [standings[one] for one in whose], measure)
            for one in new:
                scope, member = one.stream
                log.warning("alarm_raised", what=str(measure), scope=str(scope), member=member)

    async def _unlearn(
        self, connection: Connection, alarmed: list[Standing], measure: Measure
    ) -> None:
        since = [datetime.fromtimestamp(one.alarms[measure].since, UTC) for one in alarmed]
        streams = names([one.stream for one in alarmed])
        await connection.execute(*SQL["not_usual"](**streams, since=since))

    async def _close(self, connection: Connection, standings: Standings, now: datetime) -> None:
        """Close what is over, and let go of those that it has explained: they are judged anew."""
        for head in list(standings.values()):
            for measure in head.over():
                for one in standings.values():
                    alarm = one.alarms.get(measure)
                    if alarm is not None and alarm.by == head.stream:
                        one.let_go(measure)
                await raising.close_alarm(connection, head.stream, measure, now)

    async def _say(self) -> None:
        """Keep true what open alarms say: how much money waits, the cause, how many.

        Any process may; what one does not come to, because it is killed, the next one says.
        """
        rows = await self._pool.fetch(*SQL["streams"](scopes=[], members=[]))
        heads = [
            (one, measure)
            for one in map(Standing.of, rows)
            for measure in one.alarms
            if one.heads(measure)
        ]
        for one, measure in heads[:_SAID]:
            told = None
            if self._asking is not None:
                since = max(raising.since_of(one, measure), self._clock.now() - _LATELY)
                told = await self._asking.about(one.stream, measure, since, one.slow_ms)
            async with self._pool.acquire() as connection:
                await raising.say(connection, one, measure, told)


def _share(standings: Standings, stream: Stream, measure: Measure) -> float:
    return standings[stream].usual[MEASURES.index(measure)].mean


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
