"""The real host on a real database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.backoff import Backoff
from annul.domain.business_day import Calendar
from annul.domain.kinds import KINDS, answer_mti
from annul.domain.records import Transaction
from annul.domain.states import Sent, State
from annul.host.door import Door
from annul.host.evidence import EvidenceKeeper
from annul.host.financial import reserve
from annul.host.forwarded import Forwarded
from annul.host.handlers import HANDLERS
from annul.host.host import Host
from annul.host.membership import Membership
from annul.host.notices import Notices
from annul.host.numbers import IssuerTraces, ReferenceNumbers
from annul.host.outcomes import Outcomes
from annul.host.recovery import Recovery
from annul.issuers.forward import Forwarder, ForwardPace
from annul.merchants.registry import Registry
from annul.resolve.actions import Actions
from annul.resolve.audit import Auditor
from annul.resolve.circuits import Circuits
from annul.resolve.pace import Pace as ResolverPace
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.sim.demo import DemoPlan, seed
from annul.store.clock import SystemClock
from annul.store.database import connect
from annul.store.journal import Journal
from annul.wire.codec import Codec, Message
from annul.wire.dialects import DIALECTS

from .issuer import ISSUER, Exchange, Issuer, Said

PAN: Final = "6200010000000007"
AMOUNT: Final = 10_000
TABLES: Final = (
    "entries",
    "outbox",
    "incidents",
    "transactions",
    "merchant_balances",
    "circuits",
)
AVAILABLE: Final = 100_000  # of the merchant, so that whatever is given back is covered
BALANCE: Final = """
INSERT INTO merchant_balances (merchant_id, currency, available) VALUES ($1, $2, $3)
"""
ENTRIES: Final = """
SELECT subject AS transaction_id,
       sum(CASE 'issuer_receivable' WHEN debit THEN amount WHEN credit THEN -amount ELSE 0 END)
           AS taken,
       sum(CASE 'merchant_pending' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END)
           AS owed
FROM entries GROUP BY subject
"""


class HeldClock(SystemClock):
    """The clock of this machine, put forward by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class World:
    """The real parts; one for all examples, each of which begins with empty tables."""

    def __init__(
        self, owner: Any, host: Host, forwarder: Forwarder, sale: Transaction, clock: HeldClock
    ) -> None:
        self.owner = owner
        self.clock = clock
        self.host = host
        membership = Membership(host.pool, host.clock, host.journal.node, uuid7())
        self.recovery = Recovery(host, timedelta(hours=1), membership)
        self.forwarder = forwarder
        self.actions = Actions(host, Circuits(host.pool, ResolverPace()))
        self.auditor = Auditor(host.pool)
        self._sale = sale
        self._codec = Codec(DIALECTS["cups"])
        self._traces = count(1)

    async def clear(self) -> None:
        """Empty the tables; the merchant has money that this sale did not bring."""
        await self.owner.execute("; ".join(f"DELETE FROM {table}" for table in TABLES))
        balance = (
            "INSERT INTO merchant_balances (merchant_id, currency, available) VALUES ($1, $2, $3)"
        )
        await self.owner.execute(balance, self._sale.merchant_id, "156", AVAILABLE)

    async def entries(self) -> list[asyncpg.Record]:
        """Sum the ledger by transaction: taken from the issuer, and owed to the merchant."""
        return await self.owner.fetch(ENTRIES)

    def answer(self, exchange: Exchange, said: Said) -> Message:
        """Give an answer as it is read from the link."""
        kept = (3, 4, 7, 11, 13, 32, 33, 37, 41, 42, 49)
        fields = {n: exchange.fields[n] for n in kept if n in exchange.fields}
        fields |= {4: f"{int(int(str(fields[4])) * said.share):012d}", 39: said.code}
        if said.auth_code:
            fields[38] = said.auth_code
        return self._codec.decode(self._codec.encode(answer_mti(exchange.mti), fields))

    def new(self, kind: str, amount: int, original: Transaction | None = None) -> Transaction:
        """Give a request of the terminal, as it is written before it is sent."""
        now = self.host.clock.now()
        merchant = self.host.registry.merchant(self._sale.merchant_id)
        assert merchant is not None
        reserves = reserve(merchant, KINDS[kind], amount, original) if original else 0
        return self._sale._replace(
            id=uuid7(),
            kind=kind,
            trace=f"{next(self._traces):06d}",
            amount=amount,
            rrn=self.host.numbers.next(now),
            received_at=now,
            holds=amount if original else 0,
            original_id=original.id if original else None,
            reserves=reserves,
            issuer_trace=self.host.traces.next(),
        )


@asynccontextmanager
async def open_world(database: str) -> AsyncIterator[World]:
    """Open the host of a test on a fresh database."""
    security, vault, clock = SoftwareModule(bytes(32)), Vault(bytes(32)), HeldClock()
    owner, pool = await asyncpg.connect(database), await connect(database)
    (merchant_id, terminal_id, _), *_ = await seed(pool, security, DemoPlan((1,)))
    await owner.execute("UPDATE merchants SET void_needs_balance = true")
    registry = Registry(pool)
    await registry.load()
    journal = Journal(pool)
    played: Any = Issuer()
    calendar, codec = Calendar(ZoneInfo("Asia/Shanghai"), time(23)), Codec(DIALECTS["unionpay_pos"])
    evidence = EvidenceKeeper(pool, clock, 0)
    outcomes = Outcomes(journal, registry, calendar.business_date)
    host = Host(
        pool=pool,
        registry=registry,
        journal=journal,
        outcomes=outcomes,
        issuers=played,
        security=security,
        vault=vault,
        clock=clock,
        calendar=calendar,
        numbers=ReferenceNumbers(0),
        traces=IssuerTraces(0, 1),
        codec=codec,
        acquirer_id="00010000",
        handlers=HANDLERS,
        evidence=evidence,
        notices=Notices(pool),
        door=Door(codec, registry, security, evidence, clock, calendar, "00010000"),
    )
    forwarder = Forwarder(
        pool,
        played,
        Forwarded(journal, outcomes),
        clock,
        open_card=vault.open,
        acquirer_id=host.acquirer_id,
        local=host.local,
        random=lambda: 0.5,
        pace=ForwardPace(backoff=Backoff(0.0, 0.0), slow_s=0.0, watch_s=0.0),
    )
    now = clock.now()
    sale = Transaction(
        merchant_id=merchant_id, id=uuid7(), kind="sale", state=State.SENT,
        sent=Sent.POSSIBLY_SENT, terminal_id=terminal_id, batch="000001", trace="",
        business_date=host.business_date(now), amount=AMOUNT, currency="156", undone=0,
        original_id=None, card_hash=vault.hash(PAN), card_masked=vault.mask(PAN),
        card_cipher=vault.seal(PAN), card_type="debit", issuer_id=ISSUER, rrn="", auth_code="",
        response_code="", entry_mode="021", condition="00", fee=0, received_at=now,
    )  # fmt: skip
    yield World(owner, host, forwarder, sale, clock)
    await host.evidence.close()
    await journal.close()
    await pool.close()
    await owner.close()
