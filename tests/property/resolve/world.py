"""The real host on a real database, and an issuer that is played by the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import time, timedelta
from itertools import count
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.records import Transaction
from annul.domain.states import Sent, State
from annul.host.calendar import Calendar
from annul.host.door import Door
from annul.host.evidence import Evidence
from annul.host.forwarded import Forwarded
from annul.host.handlers import HANDLERS
from annul.host.host import Host
from annul.host.notices import Notices
from annul.host.numbers import ReferenceNumbers
from annul.host.outcomes import Outcomes
from annul.host.recovery import Recovery
from annul.issuers.backoff import Backoff
from annul.issuers.errors import NotSent
from annul.issuers.forward import Forwarder, Pace
from annul.issuers.message import REVERSAL, Answer, Fields, answer_mti
from annul.issuers.routing import Route
from annul.merchants.demo import Plan, seed
from annul.merchants.registry import Registry
from annul.resolve.actions import Actions
from annul.resolve.circuits import Circuits
from annul.resolve.pace import Pace as ResolverPace
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.store.clock import SystemClock
from annul.store.database import connect
from annul.store.journal import Journal
from annul.wire.codec import Codec, Message
from annul.wire.dialects import DIALECTS

ISSUER: Final = "00000101"
PAN: Final = "6200010000000007"
AMOUNT: Final = 10_000
TABLES: Final = (
    "entries", "outbox", "incidents", "transactions", "merchant_balances", "circuits",
)  # fmt: skip
ENTRIES: Final = """
SELECT transaction_id,
       sum(CASE 'issuer_receivable' WHEN debit THEN amount WHEN credit THEN -amount ELSE 0 END)
           AS taken,
       sum(CASE 'merchant_pending' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END)
           AS owed
FROM entries GROUP BY transaction_id
"""


@dataclass(eq=False)
class Exchange:
    """One message to the issuer: on its way, then read (`code`), then answered in time or late."""

    name: str
    mti: str
    fields: Fields
    answer: asyncio.Future[Answer]
    code: str = ""
    arrivals: int = 0

    @property
    def rrn(self) -> str:
        return str(self.fields[37])

    @property
    def awaited(self) -> bool:
        return not self.answer.done()

    @property
    def approves_void(self) -> bool:
        return self.name.startswith("void") and self.code == "00"

    @property
    def due(self) -> bool:
        return bool(self.code) and not self.arrivals


@dataclass
class Issuer:
    """What is really booked, by reference number. The host asks it as it asks `Issuers`."""

    names: dict[str, str] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    voids: list[str] = field(default_factory=list)  # all that were ever approved
    exchanges: list[Exchange] = field(default_factory=list)
    owed: asyncio.Event = field(default_factory=asyncio.Event)
    arrival: asyncio.Event = field(default_factory=asyncio.Event)
    longest_timeout_s: float = 15.0

    async def read(self, exchange: Exchange, *, approve: bool = True) -> None:
        """Book a message; a repeat is answered as before, what comes after its reversal is not."""
        rrn, fields = exchange.rrn, exchange.fields
        if exchange.mti == REVERSAL:
            exchange.code = "00" if rrn in self.moved else "25"
            self.moved.update({rrn: 0} if rrn in self.moved else {})
            return
        if rrn not in self.codes:
            self.codes[rrn] = "00" if approve else "05"
            given, amount = fields[3] == "200000", int(str(fields[4]))
            if approve:
                self.moved[rrn] = -amount if given else amount
            if approve and given and exchange.mti == "0200":
                self.voids.append(rrn)
        exchange.code = self.codes[rrn]

    async def ask(self, _route: Route, mti: str, fields: Fields) -> Answer:
        rrn = str(fields[37])
        same = [one for one in self.exchanges if (one.mti, one.rrn) == (mti, rrn)]
        if any(one.awaited for one in same):
            raise NotSent
        kind = "refund" if mti == "0220" else "void" if fields[3] == "200000" else "sale"
        name = self.names.setdefault(rrn, f"{kind} {len(self.names)}")
        name = f"reversal of {name}" if mti == REVERSAL else name
        name = f"{name} again ({len(same)})" if same else name
        exchange = Exchange(name, mti, fields, asyncio.get_running_loop().create_future())
        self.exchanges.append(exchange)
        self.arrival.set()
        return await exchange.answer

    def up(self) -> list[str]:
        return [ISSUER]

    def route_to(self, issuer_id: str) -> Route:
        return Route(issuer_id, None, None, "debit")

    def silent_code(self, _issuer_id: str) -> str:
        return "98"

    def wake(self) -> None:
        self.owed.set()


class World:
    """The real parts; one for all examples, each of which begins with empty tables."""

    def __init__(self, owner: Any, host: Host, forwarder: Forwarder, sale: Transaction) -> None:
        self.owner = owner
        self.host = host
        self.recovery = Recovery(host, timedelta(hours=1))
        self.forwarder = forwarder
        self.actions = Actions(host, Circuits(host.pool, ResolverPace()))
        self._sale = sale
        self._codec = Codec(DIALECTS["cups"])
        self._traces = count(1)

    async def clear(self) -> None:
        """Empty the tables."""
        await self.owner.execute("; ".join(f"DELETE FROM {table}" for table in TABLES))

    async def entries(self) -> list[asyncpg.Record]:
        """Sum the ledger by transaction: taken from the issuer, and owed to the merchant."""
        return await self.owner.fetch(ENTRIES)

    def late(self, exchange: Exchange) -> Message:
        """Give an answer as it is read from the link."""
        echoed = {n: exchange.fields[n] for n in (3, 11, 13, 37, 41, 42)}
        mti = answer_mti(exchange.mti)
        return self._codec.decode(self._codec.encode(mti, echoed | {39: exchange.code}))

    def new(self, kind: str, amount: int, original_id: UUID | None = None) -> Transaction:
        """Give a request of the terminal, as it is written before it is sent."""
        now = self.host.clock.now()
        return self._sale._replace(
            id=uuid7(), kind=kind, trace=f"{next(self._traces):06d}", amount=amount,
            rrn=self.host.numbers.next(now), received_at=now, original_id=original_id,
            holds=amount if original_id else 0,
        )  # fmt: skip


@asynccontextmanager
async def open_world(database: str) -> AsyncIterator[World]:
    """Open the host of a test on a fresh database."""
    security, vault, clock = SoftwareModule(bytes(32)), Vault(bytes(32)), SystemClock()
    owner, pool = await asyncpg.connect(database), await connect(database)
    (merchant_id, terminal_id, _), *_ = await seed(pool, security, Plan((1,)))
    registry = Registry(pool)
    await registry.load()
    journal = Journal(pool)
    outcomes = Outcomes(journal, registry)
    played: Any = Issuer()
    calendar, codec = Calendar(ZoneInfo("Asia/Shanghai"), time(23)), Codec(DIALECTS["unionpay_pos"])
    evidence = Evidence(pool, clock, 0)
    host = Host(
        pool=pool, registry=registry, journal=journal, outcomes=outcomes, issuers=played,
        security=security, vault=vault, clock=clock,
        calendar=calendar, numbers=ReferenceNumbers(0), codec=codec, acquirer_id="00010000",
        handlers=HANDLERS, evidence=evidence, notices=Notices(pool),
        door=Door(codec, registry, security, evidence, clock, calendar, "00010000"),
    )  # fmt: skip
    forwarder = Forwarder(
        pool, played, Forwarded(journal, outcomes), clock, open_card=vault.open,
        acquirer_id=host.acquirer_id, local=host.local, random=lambda: 0.5,
        pace=Pace(backoff=Backoff(0.0, 0.0), slow_s=0.0),
    )  # fmt: skip
    now = clock.now()
    sale = Transaction(
        merchant_id=merchant_id, id=uuid7(), kind="sale", state=State.SENT,
        sent=Sent.POSSIBLY_SENT, terminal_id=terminal_id, batch="000001", trace="",
        business_date=host.business_date(now), amount=AMOUNT, currency="156", undone=0,
        original_id=None, card_hash=vault.hash(PAN), card_masked=vault.mask(PAN),
        card_cipher=vault.seal(PAN), card_type="debit", issuer_id=ISSUER, rrn="", auth_code="",
        response_code="", entry_mode="021", condition="00", fee=0, received_at=now,
    )  # fmt: skip
    yield World(owner, host, forwarder, sale)
    await host.evidence.close()
    await journal.close()
    await pool.close()
    await owner.close()
