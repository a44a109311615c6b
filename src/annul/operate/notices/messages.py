"""One message of a channel in the database: the room it takes, before it is sent, and afterwards.

A channel has one message under way at a time, held by a lease in `channel_states`. The log has it
before it is sent, and that is what the limit of a minute is counted by: hosts that share a robot
share its limit. One that was sent by a host that then died is in the log without an end; the next
one to take the channel writes that nobody knows, and what it told is told again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.backoff import Backoff
from annul.domain.incident import Incident
from annul.domain.notice_pace import WINDOW, Room, room
from annul.domain.notices import Channel, Written
from annul.operate.incidents.keeping import HeadEvent, hold, tell
from annul.store.incidents import Ended, closing, opening
from annul.store.sql import listed, load

from . import mails
from .book import channel_of
from .mails import OwedMail
from .sending import MAYBE, Outcome, Phase

_SQL: Final = load("annul.operate.notices", "messages.sql", maybe=listed(MAYBE))


@dataclass(frozen=True, slots=True)
class NoticePace:
    """How hard to try. `lease` outlasts a message's time; so many failures are an incident.

    A refusal is one at once. What is owed stays owed until it is told, however long that takes.
    """

    lease: timedelta = timedelta(seconds=60)
    backoff: Backoff = field(default=Backoff(first_s=10.0, limit_s=900.0))
    limited: timedelta = timedelta(minutes=1)
    incident_from: int = 3
    poll_s: float = 1.0
    concurrency: int = 16


class HeldChannel(NamedTuple):
    """A channel that is held in this transaction: `address` is sealed; `lost` is cut off."""

    channel: Channel
    address: bytes
    failures: int
    next_at: datetime
    lost: UUID | None


class Message(NamedTuple):
    """One that is under way. `heads` are those it tells of; without any, `mail` or a test."""

    id: UUID
    channel: Channel
    address: bytes
    failures: int
    written: Written
    heads: Sequence[tuple[UUID, str]] = ()
    numbers: Sequence[str] = ()
    who: str = ""
    mail: OwedMail | None = None


async def held(connection: Any, channel_id: UUID, now: datetime) -> HeldChannel | None:
    """Hold a channel that nobody sends to; None when somebody does."""
    row = await connection.fetchrow(*_SQL["hold"](channel=channel_id, now=now))
    if row is None:
        return None
    return HeldChannel(
        channel_of(row), row["address"], row["failures"], row["next_at"], row["message_id"]
    )


async def room_of(connection: Any, taken: HeldChannel, pace: NoticePace, now: datetime) -> Room:
    """Say what room a channel that is held has; write down what was cut off before."""
    channel = taken.channel
    if taken.lost is not None:
        await _log(connection, taken.lost, channel.id, now, "unknown")
    since = now - WINDOW - pace.lease
    asked = _SQL["sent"](channel=channel.id, since=since, lease=pace.lease)
    sent = [row["at"] for row in await connection.fetch(*asked)]
    return room(sent, channel.per_minute, now)


async def put_off(connection: Any, channel_id: UUID, until: datetime) -> None:
    """Send nothing more to a channel until then."""
    await connection.execute(*_SQL["later"](channel=channel_id, next_at=until))


async def begin(connection: Any, message: Message, pace: NoticePace, now: datetime) -> None:
    """Write a message down before it is sent; the channel is held."""
    about = {"channel": message.channel.id, "message": message.id}
    await connection.execute(*_SQL["begin"](**about, until=now + pace.lease))
    await _log(
        connection,
        message.id,
        message.channel.id,
        now,
        "sending",
        numbers=message.numbers,
        title=message.written.title,
    )
    if message.heads:
        heads, merchants = zip(*message.heads, strict=True)
        await connection.execute(*_SQL["carry"](**about, heads=heads, merchants=merchants))
    if message.mail is not None:
        await mails.carried(connection, message.mail, message.id)


async def dropped(connection: Any, channel_id: UUID, heads: Sequence[tuple[UUID, str]]) -> None:
    """Owe nothing more of heads that are not here any more."""
    if heads:
        ids, merchants = zip(*heads, strict=True)
        await connection.execute(*_SQL["drop"](channel=channel_id, heads=ids, merchants=merchants))


async def ended(
    pool: asyncpg.Pool,
    message: Message,
    outcome: Outcome,
    pace: NoticePace,
    now: datetime,
    *,
    took_ms: int,
    random: Callable[[], float],
) -> bool:
    """Write what came of a message; False when another host has the channel by now."""
    about = {"channel": message.channel.id, "message": message.id}
    told = outcome.phase is Phase.TOLD
    # One person's mail that is refused says nothing of the channel.
    of_one = message.mail is not None and outcome.phase in {Phase.REFUSED, Phase.LIMITED}
    failures = 0 if told else message.failures + (not of_one)
    next_at = now
    if outcome.phase is Phase.LIMITED:
        next_at += pace.limited * min(failures, 10)
    elif not (told or of_one):
        next_at += timedelta(seconds=pace.backoff.delay(failures, random))
    async with pool.acquire() as connection, connection.transaction():
        await _log(
            connection,
            message.id,
            message.channel.id,
            now,
            outcome.phase.value,
            numbers=message.numbers,
            title=message.written.title,
            error=outcome.error,
            took_ms=took_ms,
        )
        freeing = _SQL["free"](
            **about,
            next_at=next_at,
            failures=failures,
            error=None if of_one else outcome.error,
            told_at=now if told else None,
        )
        mine = await connection.fetchval(*freeing) is not None
        if told:
            await _told(connection, message, now)
        elif message.mail is not None:
            await mails.not_told(
                connection,
                message.mail,
                message.id,
                outcome.error,
                now,
                incident_from=pace.incident_from,
                random=random,
            )
        if mine and not of_one:
            await _judged(connection, message.channel, outcome, failures, pace, now)
    return mine


async def _told(connection: Any, message: Message, now: datetime) -> None:
    """Owe no more what was told, and say so in the timelines."""
    if message.mail is not None:
        await mails.told(connection, message.mail, message.id, now)
        return
    about = {"channel": message.channel.id, "message": message.id}
    rows = await connection.fetch(*_SQL["told"](**about))
    keys = sorted({(row["head_id"], row["of_merchant"]) for row in rows})
    params = {"channel": message.channel.name, "who": message.who}
    there = await hold(connection, keys) if keys else {}
    await tell(connection, [HeadEvent(*key, now, "told", params=params) for key in there])


async def _judged(
    connection: Any,
    channel: Channel,
    outcome: Outcome,
    failures: int,
    pace: NoticePace,
    now: datetime,
) -> None:
    """Open an incident of a channel that takes nothing, and close it once it does."""
    if outcome.phase is Phase.TOLD:
        await connection.execute(*closing([Ended("channel_refused", "", channel.name)], now))
    elif outcome.phase is Phase.REFUSED or failures >= pace.incident_from:
        incident = Incident.of(
            "channel_refused",
            "",
            channel.name,
            name=channel.name,
            failures=failures,
            error=outcome.error,
        )
        await connection.execute(*opening([incident], now))


async def _log(
    connection: Any,
    message_id: UUID,
    channel_id: UUID,
    now: datetime,
    phase: str,
    *,
    numbers: Sequence[str] = (),
    title: str = "",
    error: str = "",
    took_ms: int = 0,
) -> None:
    line = {"id": uuid7(), "message": message_id, "channel": channel_id, "now": now}
    said = {"numbers": list(numbers), "title": title, "error": error, "took_ms": took_ms}
    await connection.execute(*_SQL["logged"](**line, phase=phase, **said))
