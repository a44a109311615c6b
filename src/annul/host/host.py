"""The host: what the handlers need, and the one way from a request's bytes to an answer's bytes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import asyncpg
import structlog

from annul.domain.business_day import Calendar
from annul.domain.kinds import MAC_FIELD, MAC_MTIS, REVERSAL_MTI, Money
from annul.domain.records import Transaction
from annul.issuers.desk import Issuers
from annul.merchants.registry import Registry
from annul.merchants.station import Pending
from annul.merchants.working_keys import Said, take_up
from annul.security.keys import KeyKind
from annul.security.module import SecurityModule
from annul.security.vault import Vault
from annul.store.batcher import StoreOverloaded, StoreUnavailable
from annul.store.clock import Clock
from annul.store.journal import Journal, Key
from annul.store.loop import Loops
from annul.wire.codec import Codec
from annul.wire.errors import DecodeError, EncodeError
from annul.wire.framing import software_of

from .door import BELOW_PROFILE, Door, Entry
from .evidence import Evidence
from .failed import refused
from .notices import Notices
from .numbers import IssuerTraces, ReferenceNumbers
from .outcomes import Outcomes
from .recognised import kind_of
from .reply import Reply, note, reply_fields, reply_mti
from .request import Refusal, Request, attribute

log = structlog.get_logger(__name__)

Handler = Callable[[Request, "Host"], Awaitable[Reply]]


class OnTurnedBack(Protocol):
    """Hears of a void that was approved too late and is taken back."""

    async def __call__(self, void: Transaction, *, beside: bool) -> None:
        """`beside` says that another void or refund had taken its place."""
        ...


@dataclass(slots=True)
class Counts:
    """What the host counts per process; read by the metrics."""

    requests: int = 0
    busy: int = 0
    failed: int = 0
    replies: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Host:
    """Everything that serves terminals, wired once in `annul.app`."""

    pool: asyncpg.Pool
    registry: Registry
    journal: Journal
    outcomes: Outcomes
    issuers: Issuers
    security: SecurityModule
    vault: Vault
    clock: Clock
    calendar: Calendar
    numbers: ReferenceNumbers
    traces: IssuerTraces
    codec: Codec
    acquirer_id: str
    handlers: Mapping[str, Handler]
    evidence: Evidence
    notices: Notices
    door: Door
    loops: Loops = field(default_factory=Loops)
    counts: Counts = field(default_factory=Counts)
    in_flight: dict[Key, asyncio.Future[Reply]] = field(default_factory=dict)
    # Told as open because their outcome could not be written, or so it seemed: approved ones are
    # reversed.
    doubtful: dict[UUID, Transaction] = field(default_factory=dict)
    on_turned_back: OnTurnedBack | None = None
    failed: asyncio.Event = field(default_factory=asyncio.Event)  # a void was not approved

    def local(self, now: datetime) -> datetime:
        """Give `now` (UTC) in the business zone."""
        return self.calendar.local(now)

    def business_date(self, now: datetime) -> date:
        """Give the business day of `now` (UTC)."""
        return self.calendar.business_date(now)

    async def handle(self, entry: Entry) -> bytes:
        """Turn what the door has let in into the bytes of its answer."""
        self.counts.requests += 1
        now = self.clock.now()
        request: Request | None = None
        try:
            if entry.proves is not None:
                await self._take_up(entry, entry.proves, now)
            request = attribute(entry, self.vault, now, self.business_date(now))
            request.check_proof()
            handler = self.handlers["reversal" if request.reversal else request.kind.name]
            reply = await handler(request, self)
        except DecodeError as error:
            text = f"field {error.field} wrong {error.field}域格式错误"
            reply = await self._refused(entry, request, Refusal("30", text, rule="format"), now)
        except Refusal as refusal:
            reply = await self._refused(entry, request, refusal, now)
        except (StoreUnavailable, StoreOverloaded) as error:
            self.counts.busy += 1
            log.warning("store_refused", code=error.code)
            reply = self._refused_for_good(entry, Reply(_fault_code(entry)))
        except Exception:
            # One request that meets a fault of ours must not disturb any other.
            self.counts.failed += 1
            log.exception("handler_failed", mti=entry.message.mti, fields=entry.message.numbers)
            reply = self._refused_for_good(entry, Reply(_fault_code(entry)))
        return self._answer(entry, self._noticed(reply, entry, now))

    def refuse_busy(self, entry: Entry) -> bytes:
        """Answer at once, without work: more is in flight than the host will take."""
        self.counts.busy += 1
        return self._answer(entry, self._refused_for_good(entry, Reply(_fault_code(entry))))

    async def _take_up(self, entry: Entry, proven: Pending, now: datetime) -> None:
        """Make pending keys current, under which the message's MAC has held.

        Raises `Refusal` A0 when another process has handed out newer ones meanwhile.
        """
        said = entry.peer.said(entry.station) or Said(software=software_of(entry.head))
        if not await take_up(self.pool, entry.station, proven, said, now):
            raise Refusal("A0", rule="keys_replaced")

    async def _refused(
        self, entry: Entry, request: Request | None, refusal: Refusal, now: datetime
    ) -> Reply:
        if not entry.proven or refusal.rule == BELOW_PROFILE:
            self.door.refused(entry.peer, refusal.rule or "refused")
        plain = Reply(refusal.response_code, note(refusal.text))
        try:
            kept = await refused(entry, request, self, refusal, now)
        except Exception:
            # Nothing of it is kept, but it is answered all the same.
            log.exception("refusal_not_kept", rule=refusal.rule)
            kept = None
        return self._refused_for_good(entry, kept or plain)

    @staticmethod
    def _refused_for_good(entry: Entry, reply: Reply) -> Reply:
        """Let a request that its terminal holds for refused have no effect when it is repeated.

        A reversal, and what may have an outcome (98), is sent by the terminal until it is heard.
        """
        mti, code = entry.message.mti, reply.response_code
        if entry.key is not None and mti in MAC_MTIS and mti != REVERSAL_MTI and code != OPEN:
            entry.station.refused.keep(entry.message.raw, code)
        return reply

    def _noticed(self, reply: Reply, entry: Entry, now: datetime) -> Reply:
        """Add what the terminal is to be told, when it is the one and the answer has room.

        A message that repeats another may come from anybody: its MAC does not say who hears this.
        """
        waiting = self.notices.waiting and 63 not in reply.fields
        if not waiting or not entry.peer.bound_to(entry.station):
            return reply
        text = self.notices.take(*entry.station.identity, entry, now)
        return Reply(reply.response_code, {**reply.fields, **note(text)}) if text else reply

    def _answer(self, entry: Entry, reply: Reply) -> bytes:
        """Encode an answer, if need be without what can not be encoded.

        Money may have moved for it, and what an issuer adds must not keep that from the terminal.
        """
        counts = self.counts.replies
        counts[reply.response_code] = counts.get(reply.response_code, 0) + 1
        local = self.calendar.local(self.clock.now())
        fields = reply_fields(entry.message, reply, self.acquirer_id, local)
        try:
            return self._sealed(entry, fields)
        except EncodeError as error:
            log.exception("answer_reduced", field=error.field)
            self.notices.written(entry, None)  # it goes without
            own = {37: reply.fields[37]} if 37 in reply.fields else {}
            plain = Reply(reply.response_code, own)
            return self._sealed(entry, reply_fields(entry.message, plain, self.acquirer_id, local))

    def _sealed(self, entry: Entry, fields: dict[int, str | bytes]) -> bytes:
        """Encode an answer; it is sealed only when the MAC of its request has held."""
        message, key = entry.message, entry.seal
        if key is None:
            return self.codec.encode(reply_mti(message.mti), fields, keep=False)
        fields[MAC_FIELD] = bytes(8)
        body = self.codec.encode(reply_mti(message.mti), fields)[:-8]
        code = self.security.mac(key, entry.station.algorithm, body)
        if key.kind is KeyKind.MAC and entry.station.equalisable:
            entry.station.codes.takes(code, body)
        return body + code


OPEN = "98"  # there may be an outcome; without a reference number (37) the terminal asks again


def _fault_code(entry: Entry) -> str:
    """Say 96 to what was not looked at, or met a fault of ours, where that leaves nothing behind.

    What may be written is reversed later. What can not be reversed (refund, advice) is repeated by
    its terminal, and may be written or done since it was sent first: its outcome is open, 98.
    """
    kind = entry.sort[0] if entry.sort else kind_of(entry.message)
    if kind is None or kind.reversible or kind.money is Money.NONE:
        return "96"
    return OPEN
