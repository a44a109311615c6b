"""Each event of an incident is owed, once, to the channels that are to be told.

Any host does it; of two at once each takes other events. Event and what is owed are one commit, so
that one which is killed has done all of it or nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from annul.domain.incident import Severity
from annul.domain.notices import TELLS, due
from annul.operate.incidents.keeping import HeadEvent, hold, tell
from annul.store.sql import load

from .book import NoticeBook, read

_SQL: Final = load("annul.operate.notices", "spreading.sql")
_MOST: Final = 500  # events in one commit


async def spread(pool: asyncpg.Pool, zone: ZoneInfo, now: datetime) -> int:
    """Take up all events that are new; gives how many channels are owed one of them."""
    owed = 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            events = await connection.fetch(*_SQL["take"](most=_MOST, now=now))
            told = [event for event in events if event["kind"] in TELLS]
            if told:
                book = await read(connection, zone)
                owed += await _owe(connection, book, told, now)
        if len(events) < _MOST:
            return owed


async def _owe(connection: Any, book: NoticeBook, events: Sequence[Any], now: datetime) -> int:
    heads = await _heads(connection, events)
    rows = [
        (
            channel.id,
            event["head_id"],
            event["merchant_id"],
            event["seq"],
            step,
            event["kind"],
            severity,
            event["params"],
            event["at"],
            due(channel, severity, now, book.local),
        )
        for event in events
        if (head := heads.get((event["head_id"], event["merchant_id"])))
        for severity in [Severity(head["severity"])]
        for step in [int(event["params"].get("step") or 0) if event["kind"] == "escalated" else 0]
        for channel in book.told(severity, head["scope"], head["member"], now, step)
    ]
    names = ("channels", "heads", "merchants", "seqs", "steps", "kinds", "severities")
    names += ("params", "ats", "dues")
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    if rows:
        await connection.execute(*_SQL["owe"](**dict(zip(names, columns, strict=True))))
    return len(rows)


async def _heads(
    connection: Any, events: Iterable[Any]
) -> dict[tuple[UUID, str], Mapping[str, Any]]:
    keys = {(event["head_id"], event["merchant_id"]) for event in events}
    asked = _SQL["heads"](heads=[one[0] for one in keys], merchants=[one[1] for one in keys])
    return {(row["id"], row["merchant_id"]): row for row in await connection.fetch(*asked)}


async def escalate(pool: asyncpg.Pool, now: datetime) -> int:
    """Write into the timelines of what nobody has acknowledged that the next step is taken.

    Gives how many steps. They are told like everything else that happens.
    """
    async with pool.acquire() as connection, connection.transaction():
        if not await connection.fetch(*_SQL["unacknowledged"](now=now, most=1)):
            return 0
        rows = await connection.fetch(*_SQL["unacknowledged"](now=now, most=_MOST))
        # Looked at anew once they are held: another host may have taken the step meanwhile.
        await hold(connection, sorted({(row["id"], row["merchant_id"]) for row in rows}))
        rows = await connection.fetch(*_SQL["unacknowledged"](now=now, most=_MOST))
        events = [
            HeadEvent(
                row["id"],
                row["merchant_id"],
                now,
                "escalated",
                params={"step": row["step"], "minutes": row["after_min"]},
            )
            for row in rows
        ]
        await tell(connection, events)
        return len(events)
