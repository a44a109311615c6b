"""A test message: sent now, within the channel's limit, and logged like every other one."""

from collections.abc import Callable
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.errors import AnnulError
from annul.domain.notices import USUAL_LANGUAGE, sample
from annul.security.vault import Vault
from annul.store.clock import Clock

from .messages import Message, NoticePace, begin, ended, held, room_of
from .sending import Outcome, Sender


class ChannelBusy(AnnulError):
    """This channel has no room for a message just now, so none was sent."""

    code = "notices.busy"
    next_step = "Try again in a minute: a message is under way, or the minute is full."


async def try_out(
    pool: asyncpg.Pool,
    vault: Vault,
    clock: Clock,
    channel_id: UUID,
    *,
    random: Callable[[], float],
    language: str = USUAL_LANGUAGE,
    pace: NoticePace | None = None,
) -> Outcome:
    """Send a test message and say what came of it; what is owed follows once it was taken.

    `language` is of a channel without one. Raises `ChannelBusy`, also for a channel that is off.
    """
    pace, now, sender = pace or NoticePace(), clock.now(), Sender()
    async with pool.acquire() as connection, connection.transaction():
        taken = await held(connection, channel_id, now)
        if taken is None or not (await room_of(connection, taken, pace, now)).free:
            raise ChannelBusy
        channel = taken.channel
        said = sample(channel.name, channel.language or language)
        message = Message(uuid7(), channel, taken.address, taken.failures, said)
        await begin(connection, message, pace, now)
    began = clock.monotonic()
    try:
        outcome = await sender.send(vault.open(taken.address), message.written)
    finally:
        sender.close()
    took_ms = int((clock.monotonic() - began) * 1_000)
    await ended(pool, message, outcome, pace, clock.now(), took_ms=took_ms, random=random)
    return outcome
