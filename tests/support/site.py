"""A whole acquirer for a test: database, issuer simulator and host, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from annul.app import Running, ground, serve
from annul.merchants.enrolment import TerminalProfile, enrol
from annul.settings import Settings
from annul.sim.demo import DemoPlan, seed
from annul.sim.issuer.simulator import Options, Simulator, simulate
from annul.sim.terminal.journal import Record
from annul.store.clock import SystemClock
from tests.support.rogue_issuer import Asked, RogueIssuer, rogue
from tests.support.soft import Cashier, cashier

_WITHIN_S = 8.0  # what does not come true within so long is a failure


@dataclass(frozen=True, slots=True)
class Acquirer:
    """A host that serves terminals, and what can be seen of it."""

    running: Running
    terminals: list[tuple[str, str, str]]

    @property
    def port(self) -> int:
        """Port for terminals."""
        return self.running.port

    @property
    def pool(self) -> Any:
        """The host's pool."""
        return self.running.ground.pool

    async def enrol(self, index: int, **profile: Any) -> tuple[str, str, str]:
        """Give one of the terminals another profile and a new master key; gives what it knows."""
        merchant, terminal, _ = self.terminals[index]
        base = self.running.ground
        async with base.pool.acquire() as connection, connection.transaction():
            wanted = TerminalProfile(merchant, terminal, **profile)
            enrolled = await enrol(connection, base.security, wanted, replace=True)
        assert enrolled is not None
        await self.running.host.registry.load()
        return (merchant, terminal, enrolled.master_key)

    async def states(self) -> dict[str, str]:
        """Give the state of each transaction by trace."""
        rows = await self.pool.fetch("SELECT trace, state FROM transactions ORDER BY trace")
        return dict(rows)

    async def issuer_net(self) -> int:
        """Give what the issuers have moved in all."""
        raise NotImplementedError

    async def settled(self, within_s: float = 30.0) -> None:
        """Wait until store-and-forward has run dry and every transaction has ended."""
        async with asyncio.timeout(within_s):
            while await self.pool.fetchval(
                "SELECT count(*) FROM transactions WHERE state IN"
                " ('received', 'sent', 'unknown', 'reversing')"
            ):
                await asyncio.sleep(0.02)

    async def books_agree(self) -> None:
        """Assert that issuer, host and ledger agree to the minor unit."""
        await self.settled()
        issuer, host, ledger = await self.books()
        assert issuer == host == ledger

    async def books(self) -> tuple[int, int, int]:
        """Give what has been taken by the books of issuer, host and ledger."""
        rows = await self.pool.fetch(
            "SELECT kind, state, amount, undone, rrn FROM transactions WHERE state <> 'declined'"
        )
        taken = {"sale", "qr_sale", "completion", "completion_advice"}
        given = {"void", "qr_void", "completion_void", "refund", "qr_refund"}
        host_net = sum(
            (row["kind"] in taken) * row["amount"] - (row["kind"] in given) * row["amount"]
            for row in rows
            if row["state"] != "reversed"
        )
        ledger = await self.pool.fetchval(
            "SELECT coalesce(sum(CASE 'issuer_receivable' WHEN debit THEN amount"
            " WHEN credit THEN -amount ELSE 0 END), 0) FROM entries"
        )
        return await self.issuer_net(), host_net, ledger


@dataclass(frozen=True, slots=True)
class Site(Acquirer):
    """The same with an issuer simulator that answers it."""

    issuer: Simulator

    async def issuer_net(self) -> int:
        """Give what the issuer has moved in all, its books checked."""
        self.issuer.server.books.check()
        return self.issuer.server.books.totals()["net"]


@dataclass(frozen=True, slots=True)
class RogueSite(Acquirer):
    """The same with issuers that do what a test says; the last of them stands behind 00000202."""

    rogues: list[RogueIssuer]
    database: str = field(repr=False)

    @property
    def rogue(self) -> RogueIssuer:
        """The issuer, where there is but one."""
        return self.rogues[0]

    async def issuer_net(self) -> int:
        """Give what the issuers have moved in all."""
        return sum(one.net for one in self.rogues)

    @contextmanager
    def tills(self, count: int, first: int = 0, **changes: Any) -> Iterator[list[Cashier]]:
        """Open so many soft terminals at once."""
        with ExitStack() as stack:
            own = self.terminals[first : first + count]
            yield [stack.enter_context(cashier(self.port, one, **changes)) for one in own]

    async def cut_off(self, till: Cashier, doing: Coroutine[Any, Any, Record], kind: str) -> Asked:
        """Let a terminal lose its power once its request, of a kind that is held, is out."""
        task = asyncio.create_task(doing)
        asked = await self.rogue.next(kind)
        task.cancel()
        await asyncio.wait([task])
        till.terminal.close()
        return asked

    async def rows(self, kind: str) -> list[Any]:
        """Give the transactions of a kind, oldest first."""
        return await self.pool.fetch(
            "SELECT * FROM transactions WHERE kind = $1 ORDER BY received_at, id", kind
        )

    async def until(self, condition: str, *arguments: object, within_s: float = _WITHIN_S) -> None:
        """Wait until a condition in SQL holds; fail with what the books say when it does not."""
        try:
            async with asyncio.timeout(within_s):
                while not await self.pool.fetchval(f"SELECT {condition}", *arguments):
                    await asyncio.sleep(0.01)
        except TimeoutError:
            pytest.fail(f"never came true: {condition} {arguments}\n{await self.story()}")

    async def becomes(self, kind: str, state: str, within_s: float = _WITHIN_S) -> None:
        """Wait until every transaction of a kind is in a state."""
        condition = (
            "EXISTS (SELECT FROM transactions WHERE kind = $1) AND NOT EXISTS"
            " (SELECT FROM transactions WHERE kind = $1 AND state <> $2)"
        )
        await self.until(condition, kind, state, within_s=within_s)

    async def eventually(self, holds: Callable[[], bool], within_s: float = _WITHIN_S) -> None:
        """Wait until something holds that no table says."""
        try:
            async with asyncio.timeout(within_s):
                while not holds():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            pytest.fail(f"never came true\n{await self.story()}")

    async def incidents(self, kind: str = "") -> set[str]:
        """Name the incidents that are open, of a kind of transaction or of all."""
        rows = await self.pool.fetch(
            "SELECT i.kind FROM incidents i LEFT JOIN transactions t ON t.id = i.transaction_id"
            " WHERE i.closed_at IS NULL AND ($1 = '' OR t.kind = $1)",
            kind,
        )
        return {row[0] for row in rows}

    async def has_incident(self, incident: str, within_s: float = _WITHIN_S) -> None:
        """Wait until an incident of this kind is open."""
        condition = "EXISTS (SELECT FROM incidents WHERE kind = $1 AND closed_at IS NULL)"
        await self.until(condition, incident, within_s=within_s)

    async def hurry(self) -> None:
        """Let the time pass until what is owed to issuers is due; what is under way ends first."""
        await self.until("NOT EXISTS (SELECT FROM outbox WHERE pending AND leased_until > now())")
        await self.pool.execute("UPDATE outbox SET next_attempt_at = created_at WHERE pending")
        self.running.host.issuers.wake()

    async def books_agree(self) -> None:
        """Wait until they do and nothing is owed; balances are what the entries add up to."""
        await self.until("NOT EXISTS (SELECT FROM outbox WHERE pending)")
        with suppress(TimeoutError):
            async with asyncio.timeout(_WITHIN_S):
                while len(set(await self.books())) > 1:
                    await asyncio.sleep(0.01)
        assert len(set(books := await self.books())) == 1, f"{books}\n{await self.story()}"
        await self.settled()
        assert await self.balances() == await self.pool.fetchrow(
            "SELECT coalesce(sum(CASE 'merchant_pending' WHEN credit THEN amount"
            " WHEN debit THEN -amount END), 0), coalesce(sum(CASE 'merchant_frozen'"
            " WHEN credit THEN amount WHEN debit THEN -amount END), 0) FROM entries"
        )

    async def balances(self, merchant_id: str = "") -> Any:
        """Give pending and frozen money of one merchant, or of all, in minor units."""
        return await self.pool.fetchrow(
            "SELECT coalesce(sum(pending), 0), coalesce(sum(frozen), 0) FROM merchant_balances"
            " WHERE $1 = '' OR merchant_id = $1",
            merchant_id,
        )

    async def set_merchant(self, index: int, **columns: Any) -> None:
        """Change the settings of the merchant of a terminal."""
        for name, value in columns.items():
            await self.pool.execute(
                f"UPDATE merchants SET {name} = $2 WHERE merchant_id = $1",
                self.terminals[index][0],
                value,
            )
        await self.running.host.registry.load()

    async def story(self) -> str:
        """Tell what the books say, for a test that fails."""
        lines = [f"issuers {[one.net for one in self.rogues]}"]
        for table in ("transactions", "outbox", "incidents", "cases"):
            for row in await self.pool.fetch(f"SELECT to_jsonb(t) FROM {table} t"):
                shown = {k: v for k, v in row[0].items() if v and k in _TOLD}
                lines.append(f"{table}: {shown}")
        return "\n".join(lines)


_TOLD = frozenset(
    {
        "kind", "state", "sent", "trace", "amount", "undone", "holds", "response_code",
        "late_code", "why", "pending", "attempts", "last_code", "params", "closed_at", "step",
        "cause", "task", "ended", "ordered",
    }
)  # fmt: skip


@asynccontextmanager
async def open_site(
    database: str, folder: Path, *, timeout_ms: int = 15_000, **settings: Any
) -> AsyncIterator[Site]:
    """Start everything for one test on a fresh database; issuers have `timeout_ms` to answer."""
    chosen = Settings.load(
        None, data=folder, database=database, terminals_port=0, status_port=0, **settings
    )
    shared: dict[str, Any] = {"pin_key": bytes(range(16)), "mac_key": bytes(range(16, 32))}
    options = Options(control_port=None, **shared)
    async with simulate(options) as issuer, ground(chosen) as base:
        plan = DemoPlan((issuer.port,), timeout_ms=timeout_ms, **shared)
        terminals = await seed(base.pool, base.security, plan)
        async with serve(base) as running:
            assert isinstance(base.clock, SystemClock)
            yield Site(running, terminals, issuer)


@asynccontextmanager
async def open_rogue_site(
    database: str,
    folder: Path,
    *,
    timeout_ms: int = 300,
    issuers: int = 1,
    terminals_each: int = 2,
    speaking: Mapping[str, Any] = MappingProxyType({}),
    keys: Mapping[str, Any] = MappingProxyType({}),
    columns: Mapping[str, Any] = MappingProxyType({}),
    **settings: Any,
) -> AsyncIterator[RogueSite]:
    """Start a host between terminals and issuers that a test scripts; cases rest by default.

    `speaking` is how these issuers read and write, `columns` what annul's rows say of it, `keys`
    (pin_key, mac_key) what both share.
    """
    settings = {"terminals_port": 0, "status_port": 0, "resolver": False} | settings
    chosen = Settings.load(None, data=folder, database=database, **settings)
    async with AsyncExitStack() as stack:
        rogues = [await stack.enter_async_context(rogue(**speaking)) for _ in range(issuers)]
        base = await stack.enter_async_context(ground(chosen))
        ports = tuple(one.port for one in rogues)
        plan = DemoPlan(ports, timeout_ms=timeout_ms, terminals_each=terminals_each, **keys)
        terminals = await seed(base.pool, base.security, plan)
        for name, value in columns.items():
            await base.pool.execute(f"UPDATE issuers SET {name} = $1", value)
        running = await stack.enter_async_context(serve(base))
        yield RogueSite(running, terminals, rogues, database)


@asynccontextmanager
async def another(site: Acquirer, folder: Path, node: int) -> AsyncIterator[Running]:
    """Run another host of a site, on a data folder of its own."""
    base = site.running.ground
    settings = Settings.load(
        None,
        data=folder,
        database=base.database,
        node=node,
        terminals_port=0,
        status_port=0,
        resolver=False,
        master_key_file=base.settings.data / "master.key",
    )
    async with ground(settings) as own, serve(own) as running:
        yield running
