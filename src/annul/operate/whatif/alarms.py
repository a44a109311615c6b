"""Changed limits of the alarms, tried on the journal: which alarms would come, or come no more.

Both sides, as it is and as it would be, are judged from the same counts by the tests themselves
(`annul.operate.alarms.standing`), in slots: when an alarm comes is known to within one. Reversals,
echoes and probes are no transactions of the journal, and not among them; nor is whether requests
come at all.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from multiprocessing import get_context
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import asyncpg

from annul.domain.alarm_streams import Scope, Stream
from annul.domain.alarms import Measure
from annul.domain.response_codes import BOOKED, FAULTS
from annul.operate.alarms.rules import AlarmRules
from annul.store.sql import listed, load

from . import side

_SQL: Final = load(
    "annul.operate.whatif", "alarms.sql", booked=listed(BOOKED), faults=listed(FAULTS)
)
SLOT: Final = timedelta(minutes=5)
_STRETCH: Final = timedelta(hours=1)  # read and held at once
_REACH: Final = timedelta(minutes=1)
_ROWS: Final = 20_000
_AHEAD: Final = 4  # slots that are judged while the next ones are read

_Key = tuple[Measure, Stream]


class Alarmed(NamedTuple):
    """An alarm of one side alone, or of both at other times: when it would come, and when it ends.

    `before`, `after`: when it is raised, None for never. `bad` of `total` is what raised it.
    """

    measure: Measure
    scope: Scope
    member: str
    before: datetime | None
    after: datetime | None
    bad: int
    total: int


@dataclass(slots=True)
class Watching:
    """How many transactions were judged, and how many alarms there are on either side.

    `only_before` come no more, `only_after` are new; `moved` come at another time.
    """

    transactions: int = 0
    alarms_before: int = 0
    alarms_after: int = 0
    only_before: int = 0
    only_after: int = 0
    moved: int = 0

    def add(self, one: Alarmed) -> None:
        """Count one that differs."""
        self.only_before += one.after is None
        self.only_after += one.before is None
        self.moved += one.before is not None and one.after is not None


@dataclass(slots=True)
class _Open:
    """An alarm as far as it is known: when it was raised on either side, and where it is open."""

    raised: list[datetime | None] = field(default_factory=lambda: [None, None])
    is_open: list[bool] = field(default_factory=lambda: [False, False])
    bad: int = 0
    total: int = 0


def changed(rules: AlarmRules, per_million: float | None, history_days: int | None) -> AlarmRules:
    """Put other limits in the place of those that are; None leaves one as it is."""
    given = {"per_million": per_million, "history_days": history_days}
    return AlarmRules(
        **rules.model_dump() | {name: one for name, one in given.items() if one is not None}
    )


async def replay(
    pool: asyncpg.Pool,
    zone: ZoneInfo,
    span: tuple[datetime, datetime],
    rules: tuple[AlarmRules, AlarmRules],
    watching: Watching,
) -> AsyncIterator[Alarmed]:
    """Give each alarm that one side alone has, or has at another time; count in `watching`.

    `rules` are those before and after. What is usual is learnt from the hours that were kept before
    the time, as far back as the rules say, and then from the journal without the hours in which
    there was an alarm: by each side for itself if they look back otherwise, else by the first.
    """
    pairs: dict[_Key, _Open] = {}
    context = get_context("spawn")
    given = (zone.key, list(rules))
    with ProcessPoolExecutor(1, context, side.begin, given) as worker:
        async for moved in _moved(worker, pool, span, {one.history_days for one in rules}):
            watching.transactions += moved.transactions
            for place, told in moved.told:
                _note(pairs, place, told, watching)
            for one in _differing(pairs):
                watching.add(one)
                yield one
    for one in _differing(pairs, ended=True):
        watching.add(one)
        yield one


async def _moved(
    worker: ProcessPoolExecutor,
    pool: asyncpg.Pool,
    span: tuple[datetime, datetime],
    history_days: Iterable[int],
) -> AsyncIterator[side.Moved]:
    """Let the worker learn, then judge slot by slot, a few of which are on their way at once."""
    loop, since = asyncio.get_running_loop(), span[0]
    work: deque[asyncio.Future[side.Moved]] = deque()
    for days in history_days:
        asked = _SQL["hours"](since=since - timedelta(days=days), until=since)
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            cursor = await connection.cursor(*asked)
            while rows := await cursor.fetch(_ROWS):
                await loop.run_in_executor(worker, side.learn, days, list(map(tuple, rows)))
    # Outside of a transaction: judging may take longer than one is let stand idle.
    async for at, counted in _slots(pool, *span):
        work.append(loop.run_in_executor(worker, side.moved, at, counted))
        if len(work) > _AHEAD:
            yield await work.popleft()
    while work:
        yield await work.popleft()


async def _slots(
    pool: asyncpg.Pool, since: datetime, until: datetime
) -> AsyncIterator[tuple[datetime, list[Any]]]:
    """Give what was counted in each slot, in their order; a stretch is held at once."""
    slow, seconds = await pool.fetchval(*_SQL["slow"]()), SLOT.total_seconds()
    at = since
    while at < until:
        end = min(at + _STRETCH, until)
        asked = _SQL["slots"](reach=at - _REACH, since=at, until=end, slot=seconds, slow=slow)
        for slot, part in groupby(await pool.fetch(*asked), key=lambda row: row[0]):
            yield datetime.fromtimestamp(slot * seconds, UTC), [tuple(row)[1:] for row in part]
        at = end


def _note(
    pairs: dict[_Key, _Open], place: int, told: side.Began | side.Ended, watching: Watching
) -> None:
    key = (told.measure, told.stream)
    one = pairs.setdefault(key, _Open())
    if isinstance(told, side.Ended):
        one.is_open[place] = False
        return
    if place:
        watching.alarms_after += 1
    else:
        watching.alarms_before += 1
    one.is_open[place] = True
    if one.raised[place] is None:  # else the same trouble again, while the other side has it
        one.raised[place] = told.at
        one.bad, one.total = told.bad, told.total


def _differing(pairs: dict[_Key, _Open], *, ended: bool = False) -> Iterator[Alarmed]:
    """Give those that are over on both sides, or all; of what is alike nothing is said."""
    over = [key for key, one in pairs.items() if ended or not any(one.is_open)]
    for key in over:
        one, (measure, stream) = pairs.pop(key), key
        before, after = one.raised
        if before != after:
            yield Alarmed(measure, *stream, before, after, one.bad, one.total)
