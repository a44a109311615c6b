"""The host: what the handlers need, and the one way from a request's bytes to an answer's bytes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

import asyncpg
import structlog

from annul.domain.kinds import Money
from annul.domain.records import Transaction
from annul.issuers.desk import Issuers
from annul.merchants.registry import Registry, Station
from annul.security.mac import MacAlgorithm
from annul.security.module import SecurityModule
from annul.security.vault import Vault
from annul.store.batcher import StoreOverloaded, StoreUnavailable
from annul.store.clock import Clock
from annul.store.journal import Journal, Key
from annul.wire.codec import Codec, Message
from annul.wire.errors import DecodeError

from .calendar import Calendar
from .evidence import Evidence
from .failed import refused_at_the_door
from .notices import Notices
from .numbers import ReferenceNumbers
from .outcomes import Outcomes
from .reply import Reply, reply_fields, reply_mti
from .request import Refusal, Request, attribute

log = structlog.get_logger(__name__)

Handler = Callable[[Request, "Host"], Awaitable[Reply]]


class OnTurnedBack(Protocol):
    """Hears of a void that was approved too late and is taken back."""

    async def __call__(self, void: Transaction, *, beside: bool) -> None:
        """`beside` says that another void or refund had taken its place."""
        ...


MAC_FIELD = 64


@dataclass(slots=True)
class Counts:
    """What the host counts per process; read by the metrics."""

    requests: int = 0
    garbled: int = 0
    wrong_mac: int = 0
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
    codec: Codec
    acquirer_id: str
    handlers: Mapping[str, Handler]
    evidence: Evidence
    notices: Notices
    counts: Counts = field(default_factory=Counts)
    in_flight: dict[Key, asyncio.Future[Reply]] = field(default_factory=dict)
    on_turned_back: OnTurnedBack | None = None
    failed: asyncio.Event = field(default_factory=asyncio.Event)  # a void was not approved

    def local(self, now: datetime) -> datetime:
        """Give `now` (UTC) in the business zone."""
        return self.calendar.local(now)

    def business_date(self, now: datetime) -> date:
        """Give the business day of `now` (UTC)."""
        return self.calendar.business_date(now)

    async def handle(self, body: bytes, head: bytes = b"") -> tuple[bytes | None, Station | None]:
        """Turn one request into its answer, with the terminal when it is known.

        The answer is None when the bytes are not a message at all. `head` is what stood before
        the message in its frame; at sign-in it says which software the terminal runs.
        """
        self.counts.requests += 1
        try:
            message = self.codec.decode(body)
            message.check()
        except DecodeError as error:
            return self._garbled(body, error), None
        now = self.clock.now()
        request: Request | None = None
        try:
            request = attribute(
                message, self.registry, self.vault, now, self.business_date(now), head
            )
            self._authenticate(request)
            handler = self.handlers["reversal" if request.reversal else request.kind.name]
            reply = await handler(request, self)
        except Refusal as refusal:
            kept = await refused_at_the_door(message, self, refusal)
            reply = kept or Reply(refusal.response_code, self._note(refusal.text))
        except (StoreUnavailable, StoreOverloaded) as error:
            self.counts.busy += 1
            log.warning("store_refused", code=error.code)
            reply = Reply(_fault_code(request))
        except Exception:
            # One request that meets a fault of ours must not disturb any other.
            self.counts.failed += 1
            log.exception("handler_failed", mti=message.mti, fields=message.numbers)
            reply = Reply(_fault_code(request))
        station = request.station if request else None
        return self._seal(message, self._noticed(reply, station, now), station), station

    def refuse_busy(self, body: bytes) -> bytes | None:
        """Answer 96 at once, without work: more is in flight than the host will take."""
        self.counts.busy += 1
        try:
            return self._seal(self.codec.decode(body), Reply("96"), None)
        except DecodeError:
            return None

    def _authenticate(self, request: Request) -> None:
        """Check the MAC of a financial message; raises `Refusal` A0 (sign in again)."""
        if not request.kind.has_mac:
            return
        key = request.station.mac_key
        mac = request.message.get(MAC_FIELD)
        if key is None or not isinstance(mac, bytes):
            self._wrong_mac(request)
            raise Refusal("A0", rule="mac_missing")
        algorithm = MacAlgorithm(request.station.terminal.mac_algorithm)
        if not self.security.verify_mac(key, algorithm, request.message.raw[: -len(mac)], mac):
            self._wrong_mac(request)
            raise Refusal("A0", rule="mac_wrong")

    def _wrong_mac(self, request: Request) -> None:
        self.counts.wrong_mac += 1
        terminal = request.station.terminal
        self.evidence.trouble(terminal.merchant_id, terminal.terminal_id, "wrong_mac")

    def _noticed(self, reply: Reply, station: Station | None, now: datetime) -> Reply:
        """Add what the terminal is to be told, when this answer has room for it."""
        if station is None or 63 in reply.fields:
            return reply
        terminal = station.terminal
        text = self.notices.take(terminal.merchant_id, terminal.terminal_id, now)
        return Reply(reply.response_code, {**reply.fields, **self._note(text)}) if text else reply

    def _seal(self, message: Message, reply: Reply, station: Station | None) -> bytes:
        fields = reply_fields(
            message, reply, self.acquirer_id, self.calendar.local(self.clock.now())
        )
        counts = self.counts.replies
        counts[reply.response_code] = counts.get(reply.response_code, 0) + 1
        key = station.mac_key if station and MAC_FIELD in message else None
        if station is None or key is None:
            return self.codec.encode(reply_mti(message.mti), fields)
        fields[MAC_FIELD] = bytes(8)
        body = self.codec.encode(reply_mti(message.mti), fields)[:-8]
        return body + self.security.mac(key, MacAlgorithm(station.terminal.mac_algorithm), body)

    def _garbled(self, body: bytes, error: DecodeError) -> bytes | None:
        """Answer 30 as far as the message can be read; the connection is closed when it can not."""
        self.counts.garbled += 1
        log.info("garbled", field=error.field, offset=error.offset, expected=error.expected)
        partial: dict[int, Any] = self.codec.salvage(body)
        mti = str(partial.pop(0, ""))
        if len(mti) != 4 or not mti.isdigit() or mti[2] not in "0246":
            return None
        kept = {n: v for n, v in partial.items() if n in {3, 4, 11, 25, 41, 42, 49, 60}}
        text = f"field {error.field}" if error.field else "format"
        kept |= {39: "30", **self._note(f"{text} wrong 报文格式错误")}
        return self.codec.encode(reply_mti(mti), kept)

    @staticmethod
    def _note(text: str) -> dict[int, str | bytes]:
        """Put a short text for the cashier into field 63, after the card organisation."""
        return {63: f"CUP{text}"} if text else {}


def _fault_code(request: Request | None) -> str:
    """Say 96 when a fault of ours leaves nothing behind: what may be written is reversed later.

    What can not be reversed (refund, advice) may be written and is then sent until it is answered,
    so its outcome is open: 98.
    """
    if request is None or request.reversal or request.kind.reversible:
        return "96"
    return "96" if request.kind.money is Money.NONE else "98"
