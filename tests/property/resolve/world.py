"""The real host on a real database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Any, Final

import asyncpg
from uuid_utils.compat import uuid7

from annul.domain.backoff import Backoff
from annul.domain.kinds import KINDS, answer_mti
from annul.domain.records import Transaction
from annul.host.financial import reserve
from annul.host.forwarded import Forwarded
from annul.host.host import Host
from annul.host.membership import Membership
from annul.host.numbers import IssuerTraces
from annul.host.recovery import Recovery
from annul.issuers.forward import Forwarder, ForwardPace
from annul.resolve.actions import Actions
from annul.resolve.audit import Auditor
from annul.resolve.circuits import Circuits
from annul.resolve.pace import Pace as ResolverPace
from annul.resolve.probes import Probes
from annul.sim.demo import DemoPlan, seed
from annul.store.database import connect
from annul.wire.codec import Codec, Message
from annul.wire.dialects import DIALECTS
from tests.support.builders import sent
from tests.support.hosts import SECURITY, Ahead, wired
from tests.support.roles import as_owner

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


class World:
    """The real parts; one for all examples, each of which begins with empty tables."""

    def __init__(
        self, owner: Any, host: Host, forwarder: Forwarder, sale: Transaction, clock: Ahead
    ) -> None:
        self.owner = owner
        self.clock = clock
        self.host = host
        membership = Membership(host.pool, host.clock, host.journal.node, uuid7())
        self.recovery = Recovery(host, timedelta(hours=1), membership)
        self.forwarder = forwarder
        self.actions = Actions(host, Circuits(host.pool, ResolverPace()), Probes(host.pool))
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
    clock, played = Ahead(), Issuer()
    owner, pool = await asyncpg.connect(as_owner(database)), await connect(database)
    (merchant_id, terminal_id, _), *_ = await seed(pool, SECURITY, DemoPlan((1,)))
    await owner.execute("UPDATE merchants SET void_needs_balance = true")
    async with wired(pool, clock, played) as host:
        host.traces = IssuerTraces(0, 1)
        yield _world(owner, host, played, clock, (merchant_id, terminal_id))
    await pool.close()
    await owner.close()


def _world(owner: Any, host: Host, played: Any, clock: Ahead, terminal: tuple[str, str]) -> World:
    forwarder = Forwarder(
        host.pool,
        played,
        Forwarded(host.journal, host.outcomes),
        clock,
        open_card=host.vault.open,
        acquirer_id=host.acquirer_id,
        local=host.local,
        random=lambda: 0.5,
        pace=ForwardPace(backoff=Backoff(0.0, 0.0), slow_s=0.0, watch_s=0.0),
    )
    now, vault = clock.now(), host.vault
    merchant_id, terminal_id = terminal
    sale = sent(
        0,
        merchant_id=merchant_id,
        terminal_id=terminal_id,
        business_date=host.business_date(now, merchant_id),
        amount=AMOUNT,
        card_hash=vault.hash(PAN),
        card_masked=vault.mask(PAN),
        card_cipher=vault.seal(PAN),
        issuer_id=ISSUER,
        entry_mode="021",
        received_at=now,
    )
    return World(owner, host, forwarder, sale, clock)
