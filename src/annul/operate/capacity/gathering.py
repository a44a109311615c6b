"""Reads what was measured from the database, and counts the hours that the journal has ended."""

import os
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

import asyncpg

from annul.domain.business_day import Calendar

from .measured import (
    HostPlace,
    Hour,
    LaneTotal,
    Load,
    Measured,
    Size,
    answer_buckets,
    issuer_buckets,
    statement_buckets,
)
from .samples import SQL

_SINCE: Final = timedelta(days=14)
_WIDTH: Final = timedelta(minutes=5)
_LATELY: Final = timedelta(minutes=10)  # within which a host process that runs has measured
_SIZES: Final = timedelta(days=60)
_HISTORY: Final = timedelta(days=1500)
# After an hour so long until what it brought is written: a commit may be waited for.
_SETTLED: Final = timedelta(minutes=5)
_HOUR: Final = timedelta(hours=1)
_AT_ONCE: Final = timedelta(days=1)  # of the journal in one statement
_TURNS: Final = 60


async def count_volumes(pool: asyncpg.Pool, now: datetime) -> bool:
    """Count hours that are over, some at a time; True when none is left that has ended."""
    ended = (now - _SETTLED).replace(minute=0, second=0, microsecond=0)
    for _ in range(_TURNS):
        first = await pool.fetchval(*SQL["next_hour"]())
        if first is None or first >= ended:
            return True
        until = min(first + _AT_ONCE, ended)
        await pool.execute(*SQL["count_hours"](first=first, until=until))
    return False


async def gather(
    pool: asyncpg.Pool,
    calendar: Calendar,
    now: datetime,
    *,
    over: timedelta = _SINCE,
    width: timedelta = _WIDTH,
) -> Measured:
    """Read all that capacity is worked out from: samples over a time, in spans of a width."""
    since, today = now - over, calendar.business_date(now)

    async def rows(name: str, **values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await pool.fetch(*SQL[name](**values))]

    buckets = await rows("lane_buckets", since=since)
    took = {
        name: tuple(row["came"] for row in of_lane)
        for name, of_lane in groupby(buckets, lambda row: row["name"])
    }
    answers, issuers = await rows("answers", since=since), await rows("issuers", since=since)
    return Measured(
        now=now,
        today=today,
        cores=os.cpu_count() or 1,
        loads=tuple(Load(**row) for row in await rows("loads", width=width, since=since)),
        lanes=tuple(
            LaneTotal(**row, took=statement_buckets(took.get(row["name"], ())))
            for row in await rows("lanes", since=since)
        ),
        answers=answer_buckets(tuple(row["came"] for row in answers)),
        issuers=issuer_buckets(tuple(row["came"] for row in issuers)),
        places=tuple(HostPlace(**row) for row in await rows("places", since=now - _LATELY)),
        most_connections=await pool.fetchval(*SQL["most_connections"](since=since)),
        sizes=tuple(Size(**row) for row in await rows("sizes", since=now - _SIZES)),
        hours=tuple(Hour(**row) for row in await rows("volumes", since=today - _HISTORY)),
    )
