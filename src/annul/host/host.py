"""The host: what its handlers need."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import asyncpg
import structlog

from annul.domain.business_day import Calendar
from annul.domain.records import Key, Transaction
from annul.issuers.lines import Issuers
from annul.merchants.registry import Registry
from annul.security.module import SecurityModule
from annul.security.vault import Vault
from annul.store.clock import Clock
from annul.store.histogram import ANSWERS_S, Histogram
from annul.store.journal import Journal
from annul.store.loop import Loops

from .door import Door
from .evidence import EvidenceKeeper
from .notices import Notices
from .numbers import IssuerTraces, ReferenceNumbers
from .outcomes import Outcomes
from .owners import Owners
from .reply import Reply
from .request import Request

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
    reduced: int = 0  # answers without a field that could not be encoded
    replies: dict[str, int] = field(default_factory=dict)
    # Seconds from a message to its answer on the socket, by kind.
    answered: dict[str, Histogram] = field(default_factory=dict)

    def took(self, kind: str, seconds: float) -> None:
        """Count an answer of a kind."""
        histogram = self.answered.get(kind)
        if histogram is None:
            histogram = self.answered[kind] = Histogram(ANSWERS_S)
        histogram.add(seconds)


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
    acquirer_id: str
    handlers: Mapping[str, Handler]
    evidence: EvidenceKeeper
    notices: Notices
    door: Door
    owners: Owners
    support_phone: str = ""  # of the acquirer, for whoever reads a slip
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

    def business_date(self, now: datetime, merchant_id: str) -> date:
        """Give the business day of `now` (UTC) for a merchant."""
        return self.calendar.business_date(now, self.registry.cut_overs(merchant_id))
