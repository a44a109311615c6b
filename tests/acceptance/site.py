"""A whole acquirer for a test: database, issuer simulator and host, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annul.app import Running, ground, serve
from annul.merchants.demo import Plan, seed
from annul.merchants.enrolment import TerminalProfile, enrol
from annul.settings import Settings
from annul.sim.issuer.simulator import Options, Simulator, simulate
from annul.store.clock import SystemClock


@dataclass(frozen=True, slots=True)
class Site:
    """A host that serves terminals and an issuer that answers it."""

    running: Running
    issuer: Simulator
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
        """Give what the issuer has moved in all, its books checked."""
        self.issuer.server.books.check()
        return self.issuer.server.books.totals()["net"]

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
        assert host_net == await self.issuer_net() == ledger


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
        plan = Plan((issuer.port,), timeout_ms=timeout_ms, **shared)
        terminals = await seed(base.pool, base.security, plan)
        async with serve(base) as running:
            assert isinstance(base.clock, SystemClock)
            yield Site(running, issuer, terminals)
