"""Notices and reports go out: what channels are owed becomes messages, one by one or many in one.

Any host may carry a message; the channel is leased in the database. What was sent by a host that
died before it wrote so is told once more, and says that it may be a repeat: rather twice than
never.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from uuid_utils.compat import uuid7

from annul.domain.incident import Reader
from annul.domain.notice_pace import fitting, next_message
from annul.domain.notices import (
    USUAL_LANGUAGE,
    Channel,
    Facts,
    Happened,
    Written,
    digest,
    frame,
    line,
    width,
    written,
)
from annul.domain.rota import on_duty
from annul.security.errors import UnusableKey
from annul.security.vault import Vault
from annul.settle.days import works
from annul.store.clock import Clock
from annul.store.loop import Loops
from annul.store.sql import listed, load
from annul.store.worker import Worker

from .book import NoticeBook, read
from .facts import Key, gather
from .mails import next_mail
from .messages import (
    HeldChannel,
    Message,
    NoticePace,
    begin,
    dropped,
    ended,
    held,
    put_off,
    room_of,
)
from .sending import MAYBE, Outcome, Phase, Sender
from .spreading import escalate, spread

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.operate.notices", "telling.sql", maybe=listed(MAYBE))
_ESCALATES_S: Final = 5.0  # between two looks at what nobody has acknowledged
_HEADS: Final = 500  # that one message may be about


@dataclass(slots=True)
class NoticeCounts:
    """What this process counts, since its start."""

    told: int = 0
    limited: int = 0
    refused: int = 0
    unreached: int = 0
    unanswered: int = 0
    overtaken: int = 0
    escalated: int = 0


class Teller:
    """Sends what channels are owed.

    `base` is the console's address, `zone` that of all times, `language` that of channels without.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        vault: Vault,
        clock: Clock,
        zone: ZoneInfo,
        *,
        random: Callable[[], float],
        base: str = "",
        language: str = USUAL_LANGUAGE,
        sender: Sender | None = None,
        pace: NoticePace | None = None,
        loops: Loops | None = None,
    ) -> None:
        self.counts = NoticeCounts()
        self._pool = pool
        self._vault = vault
        self._clock = clock
        self._zone = zone
        self._random = random
        self._base = base.rstrip("/")
        self._language = language
        self._escalates_at = 0.0  # monotonic
        self._sender = sender or Sender()
        self._pace = pace or NoticePace()
        self._woken = asyncio.Event()
        self._worker = Worker(
            "channels",
            self,
            loops or Loops(clock),
            self._woken,
            concurrency=self._pace.concurrency,
            after_s=self._pace.poll_s,
        )

    def start(self) -> None:
        """Begin to tell what is owed."""
        self._worker.start()

    async def stop(self, grace_s: float = 5.0) -> None:
        """Claim nothing more and finish what is under way; the rest stays owed in the table."""
        await self._worker.stop(grace_s)
        self._sender.close()

    def wake(self) -> None:
        """Look at the tables at once."""
        self._woken.set()

    async def backlog(self) -> int:
        """Count what is owed."""
        return int(await self._pool.fetchval(*_SQL["backlog"]()))

    # What the worker asks -------------------------------------------------------------------

    async def claim(self, room: int) -> Sequence[Message]:
        """Spread what is new, take steps of escalation, and begin messages to free channels."""
        self._woken.clear()
        now = self._clock.now()
        if self._clock.monotonic() >= self._escalates_at:
            self._escalates_at = self._clock.monotonic() + _ESCALATES_S
            self.counts.escalated += await escalate(self._pool, now)
        await spread(self._pool, self._zone, now)
        if room <= 0:
            return []
        due = await self._pool.fetch(*_SQL["due"](now=now, most=room))
        begun = [await self._begun(row["id"], now) for row in due]
        return [one for one in begun if one is not None]

    async def rest_s(self) -> float:
        """Give the seconds until the tables are looked at unasked."""
        return self._pace.poll_s

    async def failed(self, _message: Message, _error: BaseException) -> None:
        """Let its lease end by itself."""

    def name(self, message: Message) -> str:
        """Name a message in the log."""
        return str(message.id)

    # One message ----------------------------------------------------------------------------

    async def work(self, message: Message) -> None:
        """Send one and write what came of it."""
        began = self._clock.monotonic()
        try:
            outcome = await self._sent(message)
        except UnusableKey as error:
            outcome = Outcome(Phase.REFUSED, str(error))
        took_ms = int((self._clock.monotonic() - began) * 1_000)
        mine = await ended(
            self._pool,
            message,
            outcome,
            self._pace,
            self._clock.now(),
            took_ms=took_ms,
            random=self._random,
        )
        name = outcome.phase.value if mine else "overtaken"
        setattr(self.counts, name, getattr(self.counts, name) + 1)
        if outcome.phase is not Phase.TOLD:
            log.warning(
                "notice_not_told",
                channel=message.channel.name,
                phase=outcome.phase.value,
                error=outcome.error,
            )
        self._woken.set()  # the channel is free again

    async def _sent(self, message: Message) -> Outcome:
        """Send it, to the channel's own address or with files to a person's; `UnusableKey`."""
        address, mail = self._vault.open(message.address), message.mail
        if mail is None:
            return await self._sender.send(address, message.written)
        to = self._vault.open(mail.to)
        return await self._sender.send(address, message.written, to, mail.letter.attachments)

    async def _begun(self, channel_id: UUID, now: datetime) -> Message | None:
        """Make the next message of a channel, and write it down; None when it has no room."""
        async with self._pool.acquire() as connection, connection.transaction():
            taken = await held(connection, channel_id, now)
            if taken is None or taken.next_at > now:
                return None
            room = await room_of(connection, taken, self._pace, now)
            if not room.free:
                await put_off(connection, channel_id, room.at)
                return None
            message = await self._made(connection, taken, room.free, now)
            if message is not None:
                await begin(connection, message, self._pace, now)
            return message

    async def _made(
        self, connection: Any, taken: HeldChannel, free: int, now: datetime
    ) -> Message | None:
        channel = taken.channel
        happened, again = await self._owed(connection, channel.id, now)
        chosen = {key: happened[key] for key in next_message(list(happened), free, _HEADS)}
        facts = await gather(connection, chosen, again, self._base)
        await dropped(connection, channel.id, [key for key in chosen if key not in facts])
        if not facts:
            return await self._mailed(connection, taken, now)
        keys, message = self._written(channel, facts)
        return Message(
            uuid7(),
            channel,
            taken.address,
            taken.failures,
            message,
            keys,
            [facts[key].number for key in keys],
            _who(await read(connection, self._zone), channel, now),
        )

    async def _mailed(self, connection: Any, taken: HeldChannel, now: datetime) -> Message | None:
        """Give the message with the next report, where no incident is to be told."""
        mail = await next_mail(connection, taken.channel.id, now)
        if mail is None:
            return None
        said = Written(mail.letter.subject, mail.letter.text)
        return Message(uuid7(), taken.channel, taken.address, taken.failures, said, mail=mail)

    async def _owed(
        self, connection: Any, channel_id: UUID, now: datetime
    ) -> tuple[Mapping[Key, list[Happened]], set[Key]]:
        """Give what happened to heads of which the channel is owed something, in its order."""
        happened: dict[Key, list[Happened]] = {}
        again: set[Key] = set()
        asked = _SQL["owed"](channel=channel_id, now=now, most=_HEADS + 1)
        for row in await connection.fetch(*asked):
            key = (row["head_id"], row["of_merchant"])
            event = Happened(row["kind"], row["at"], row["params"])
            happened.setdefault(key, []).append(event)
            if row["again"]:
                again.add(key)
        return happened, again

    def _written(
        self, channel: Channel, facts: Mapping[Key, Facts]
    ) -> tuple[Sequence[Key], Written]:
        """Write the next message; gives the heads that it has room for."""
        language, chosen = channel.language or self._language, list(facts)
        reader = Reader(language, self._when)
        if len(chosen) == 1:
            return chosen, written(facts[chosen[0]], reader, channel.kind.traits.longest)
        lines = [line(facts[key], reader) for key in chosen]
        link = f"{self._base}/incidents" if self._base else ""
        widest = frame(len(chosen), len(chosen), link, language)
        many = fitting(
            [width(one) for one in lines],
            channel.kind.traits.longest - width(widest.title) - width(widest.body) - 2,
        )
        chosen = chosen[:many]
        still_open = sum(facts[key].closed_at is None for key in chosen)
        around = frame(many, still_open, link, language)
        return chosen, digest(lines[:many], around)

    def _when(self, at: str) -> str:
        return f"{datetime.fromisoformat(at).astimezone(self._zone):%Y-%m-%d %H:%M:%S}"


def _who(book: NoticeBook, channel: Channel, now: datetime) -> str:
    """Name who is on duty at a channel, else what kind it is."""
    local = book.local(now).replace(tzinfo=None)
    duties = on_duty(book.rota, local, works)
    persons = [one.person for one in duties if one.channel == channel.id and one.person]
    return ", ".join(dict.fromkeys(persons)) or channel.kind.traits.title.en
