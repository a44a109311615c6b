"""A host without ports: real database, real lines to an issuer, and messages handed to its door.

It is wired as annul wires it, but nothing of it runs by itself: a test sees each step alone.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from annul.app.foundation import Ground
from annul.app.hosting import _host
from annul.desk.access import Access
from annul.domain.kinds import KINDS
from annul.domain.records import Transaction
from annul.host import answering
from annul.host.door import Admitted, Elsewhere, Turned, Unsure
from annul.host.host import Host
from annul.host.membership import Membership
from annul.host.peer import Peer
from annul.host.recovery import Recovery
from annul.issuers import directory
from annul.issuers.limits import LinkLimits
from annul.issuers.lines import Issuers
from annul.merchants.registry import Registry
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.settings import Settings
from annul.sim.demo import DemoPlan, seed
from annul.store.clock import Clock
from annul.store.journal import Journal
from annul.store.loop import Loops
from annul.wire.framing import Frame
from tests.support.rogue_issuer import Asked, RogueIssuer, rogue
from tests.support.wire import CODEC, HEAD, Answer, Credentials, Fields, Keyed, sale

_MASTER = bytes(32)
SECURITY = SoftwareModule(_MASTER)
_TIMEOUT_S = 15.0  # of the issuer; what waits for it to pass puts the clock forward
_LIMITS = LinkLimits(rest_s=0.05)  # a clock that is put forward is looked at soon


class Ahead:
    """The clock of this machine, put forward by hand."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by

    def monotonic(self) -> float:
        return time.monotonic() + self.by.total_seconds()

    def forward(self, **by: float) -> None:
        """Let so much time pass, named as of a `timedelta`."""
        self.by += timedelta(**by)


@dataclass(slots=True)
class Line:
    """What comes from one address; it takes the place of a connection."""

    host: Host
    peer: Peer = field(default_factory=lambda: Peer("192.0.2.1"))

    def enter(self, body: bytes) -> Admitted:
        """Give a message that the door lets in."""
        entry = self.host.door.open(body, HEAD, self.peer, looked=True)
        assert isinstance(entry, Admitted), entry
        return entry

    async def ask(self, body: bytes) -> Answer | None:
        """Say something; None where the host would hang up."""
        let_in = self.host.door.open(body, HEAD, self.peer)
        if isinstance(let_in, Unsure):
            await self.host.owners.look(let_in.station)
            let_in = self.host.door.open(body, HEAD, self.peer, looked=True)
        assert not isinstance(let_in, Unsure | Elsewhere)
        if isinstance(let_in, Turned):
            return _read(let_in.answer) if let_in.answer else None
        return _read(await answering.handle(self.host, let_in))

    async def told(self, body: bytes) -> Answer:
        """Say something that is answered."""
        answer = await self.ask(body)
        assert answer is not None, "the host hangs up"
        return answer


def _read(said: bytes) -> Answer:
    message = CODEC.decode(said)
    message.check()
    return Answer(Frame(HEAD, said), message)


@dataclass(slots=True)
class Till:
    """One terminal that is signed in, on a line of its own; it counts its traces."""

    line: Line
    keyed: Keyed
    traces: int = 0

    def fields(self, kind: str, amount: int = 10_000, **more: Any) -> Fields:
        """Give the fields of a request of a kind; `more` are as f37, None leaves one out."""
        self.traces += 1
        asked = KINDS[kind]
        fields = sale(self.keyed.who, f"{self.traces:06d}", amount, self.keyed.batch)
        fields |= {3: asked.processing_code, 25: asked.condition}
        fields[60] = f"{asked.function}{self.keyed.batch}{asked.network[0]}"
        for name, value in more.items():
            fields.pop(int(name[1:]), None)
            if value is not None:
                fields[int(name[1:])] = value
        return fields

    def undoing(self, kind: str, of: Transaction, amount: int | None = None, **more: Any) -> Fields:
        """Give the fields of what refers to an original."""
        named: dict[str, Any] = {"f37": of.rrn, "f61": of.batch + of.trace}
        if of.auth_code:
            named["f38"] = of.auth_code
        return self.fields(kind, of.amount if amount is None else amount, **(named | more))

    async def ask(self, kind: str, fields: Fields) -> Answer:
        """Send a request of a kind with its MAC."""
        return await self.say(KINDS[kind].mti, fields)

    async def say(self, mti: str, fields: Fields) -> Answer:
        """Send a message with its MAC."""
        return await self.line.told(self.keyed.signed(mti, fields))


@dataclass(slots=True)
class Inside:
    """A host, the issuer behind it, and what its tables say."""

    host: Host
    rogue: RogueIssuer
    recovery: Recovery
    terminals: list[Credentials]
    clock: Ahead

    @property
    def pool(self) -> asyncpg.Pool:
        return self.host.pool

    @property
    def merchant_id(self) -> str:
        """The shop of the first terminal."""
        return self.terminals[0][0]

    async def till(self, index: int = 0) -> Till:
        """Sign a terminal in."""
        line, keyed = Line(self.host), Keyed(self.terminals[index])
        await keyed.sign_in(line)
        return Till(line, keyed)

    async def the(self, kind: str) -> Transaction:
        """Give the one transaction of a kind, as it stands."""
        rows = await self.pool.fetch("SELECT id FROM transactions WHERE kind = $1", kind)
        (identity,) = [row["id"] for row in rows]
        return await self.again(identity)

    async def again(self, identity: Any) -> Transaction:
        """Read a transaction, or its id, again."""
        identity = getattr(identity, "id", identity)
        merchant = await self.pool.fetchval(
            "SELECT merchant_id FROM transactions WHERE id = $1", identity
        )
        found = await self.host.journal.find_by_id(merchant, identity)
        assert found is not None
        return found

    async def sold(self, till: Till, amount: int = 10_000, **more: Any) -> Transaction:
        """Sell something for real."""
        fields = till.fields("sale", amount, **more)
        answer = await till.ask("sale", fields)
        assert answer.code == "00", answer.message.fields()
        key = (*till.keyed.who[:2], till.keyed.batch, str(fields[11]))
        found = await self.host.journal.find(key)
        assert found is not None
        return found

    async def unanswered(self, till: Till, kind: str, fields: Fields) -> tuple[Answer, Asked]:
        """Ask for something that the issuer hears, and let its time pass without an answer."""
        self.rogue.hold(kind)
        asking = asyncio.create_task(till.ask(kind, fields))
        asked = await self.rogue.next(kind)
        self.rogue.let(kind)
        self.clock.forward(seconds=_TIMEOUT_S + 1)
        return await asking, asked

    async def set_merchant(self, **columns: Any) -> None:
        """Change what the shop's contract says, and let the host take it up."""
        for name, value in columns.items():
            await self.pool.execute(
                f"UPDATE merchants SET {name} = $2 WHERE merchant_id = $1", self.merchant_id, value
            )
        await self.host.registry.load()

    async def set_terminal(self, index: int = 0, **columns: Any) -> None:
        """Change what a terminal is registered with."""
        for name, value in columns.items():
            await self.pool.execute(
                f"UPDATE terminals SET {name} = $2 WHERE terminal_id = $1",
                self.terminals[index][1],
                value,
            )
        await self.host.registry.load()

    async def balance(self) -> tuple[int, int, int]:
        """Give pending, available and reserved money of the shop."""
        return await self.host.journal.balance(self.merchant_id, "156")

    async def entries(self) -> dict[str, int]:
        """Sum the ledger by account: credits less debits."""
        rows = await self.pool.fetch(
            "SELECT account, sum(amount)::bigint AS sum FROM ("
            " SELECT credit AS account, amount FROM entries"
            " UNION ALL SELECT debit, -amount FROM entries) e"
            " GROUP BY account HAVING sum(amount) <> 0"
        )
        return {row["account"]: row["sum"] for row in rows}

    async def owed(self) -> list[tuple[str, str]]:
        """Give what issuers are owed now: kind and reason."""
        rows = await self.pool.fetch("SELECT kind, reason FROM outbox WHERE pending")
        return [(row["kind"], row["reason"]) for row in rows]

    async def incidents(self) -> list[str]:
        """Name the incidents that are open."""
        rows = await self.pool.fetch(
            "SELECT kind FROM incidents WHERE closed_at IS NULL ORDER BY kind"
        )
        return [row["kind"] for row in rows]


@asynccontextmanager
async def wired(
    pool: asyncpg.Pool, clock: Clock, issuers: Any, loops: Loops | None = None
) -> AsyncIterator[Host]:
    """Wire a host as annul does; nothing of it runs. `issuers` is what it asks."""
    settings = Settings.load(None, data=Path("/nonexistent"))
    base = Ground(
        settings, "", pool, SECURITY, Vault(_MASTER), clock, Access(pool), loops or Loops(clock)
    )
    registry, journal = Registry(pool, clock), Journal(pool)
    await registry.load()
    host = _host(base, registry, journal, issuers)
    yield host
    await host.evidence.close()
    await journal.close()


@asynccontextmanager
async def open_inside(
    pool: asyncpg.Pool, *, merchants: int = 1, limits: LinkLimits = _LIMITS, **more: Any
) -> AsyncIterator[Inside]:
    """Open a host on a fresh database, before an issuer that a test scripts."""
    clock = Ahead()
    async with AsyncExitStack() as stack:
        issuer = await stack.enter_async_context(rogue())
        timeout_ms = int(_TIMEOUT_S * 1_000)
        plan = DemoPlan((issuer.port,), merchants, timeout_ms=timeout_ms, **more)
        terminals = await seed(pool, SECURITY, plan)
        tables, loops = await directory.read(pool), Loops(clock)
        issuers = Issuers(
            tables.issuers,
            tables.bins,
            clock,
            SECURITY,
            random=lambda: 0.5,
            loops=loops,
            limits=limits,
            in_force=lambda: host.registry.in_force,
        )
        host = await stack.enter_async_context(wired(pool, clock, issuers, loops))
        membership = Membership(pool, clock, host.journal.node, uuid4())
        recovery = Recovery(host, timedelta(seconds=5), membership)
        issuers.start(recovery.late)
        stack.push_async_callback(issuers.stop)
        assert await issuers.ready(10)
        yield Inside(host, issuer, recovery, terminals, clock)
