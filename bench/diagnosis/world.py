"""The world in which faults are caused: a host, its database, an issuer of its own per scene."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from annul.app import Running, ground, serve
from annul.domain.kinds import KINDS
from annul.issuers import directory
from annul.merchants.demo import Plan, seed
from annul.security.ciphers import TDES
from annul.security.keys import KeyKind
from annul.security.vault import Vault
from annul.settings import Settings
from annul.sim.issuer.simulator import Options, Simulator, simulate
from annul.sim.terminal.errors import NoAnswerFromHost, StillOwing, Unreachable
from annul.sim.terminal.journal import Journal, Record
from annul.sim.terminal.messages import Order
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import SoftTerminal

from .proxy import Proxy

_ZONE: Final = ZoneInfo("Asia/Shanghai")
TIMEOUT_MS: Final = 700
_TILLS: Final = 4
_MERCHANT: Final = """
INSERT INTO merchants (merchant_id, name_zh, name_en, category)
VALUES ($1, '示例店', 'Shop', '5411')
"""
_KEY: Final = """
INSERT INTO terminal_keys (merchant_id, terminal_id, kind, algorithm, wrapped, check_value,
                           issued_at)
VALUES ($1, $2, $3, $4, $5, $6, now())
"""
_ISSUER: Final = """
INSERT INTO issuers (issuer_id, name_zh, name_en, host, port, timeout_ms)
VALUES ($1, '示例银行', 'Example Bank', '127.0.0.1', $2, $3)
"""


@dataclass(slots=True)
class Till:
    """A soft terminal with its own line to the host, which may be made bad."""

    terminal: SoftTerminal
    journal: Journal
    proxy: Proxy
    ids: tuple[str, str]

    async def do(
        self, kind: str, amount: int, card: str, original: Record | None = None
    ) -> Record | None:
        """Do a transaction; None when the terminal heard nothing."""
        order = Order(KINDS[kind], amount, card, swiped=False, original=original)
        try:
            return await self.terminal.perform(order)
        except (NoAnswerFromHost, Unreachable, StillOwing):
            return None


@dataclass(slots=True)
class Scene:
    """One issuer, one merchant, some tills, and what has been done with them."""

    world: "World"
    random: Random
    number: int
    issuer: Simulator
    proxy: Proxy
    issuer_id: str
    prefix: str
    merchant: str
    tills: list[Till]
    voids: list[tuple[tuple[str, str, str, str], str]] = field(default_factory=list)

    def card(self) -> str:
        """Give a card of this issuer that nobody has used."""
        return f"{self.prefix}{self.random.randrange(10**9):09d}1"

    async def sale(
        self, till: Till, amount: int | None = None, card: str | None = None
    ) -> Record | None:
        """Sell something."""
        amount = amount or self.random.randrange(10_00, 400_00)
        return await till.do("sale", amount, card or self.card())

    async def void(
        self,
        till: Till,
        sale: Record,
        truth: str,
        amount: int | None = None,
        card: str | None = None,
    ) -> Record | None:
        """Void a sale and keep what is true of the void if it fails; empty: it should not."""
        batch = till.journal.batch
        pan = card if card is not None else str(sale.fields.get(2, ""))
        traces = {record.trace for record in till.journal.records()}
        done = await till.do("void", amount or sale.amount, pan, sale)
        new = [record for record in till.journal.records() if record.trace not in traces]
        for record in new[:1]:
            terminal, merchant = till.ids
            key = (merchant, terminal, record.batch or batch, record.trace)
            self.voids.append((key, truth))
        return done

    async def traffic(self, sales: int, voids: int = 0, truth: str = "") -> None:
        """Let others sell, and void some of it; `truth` is why those voids fail, if they do."""
        tills = self.tills[2:]

        async def serve(till: Till) -> None:
            for index in range(sales // len(tills)):
                sold = await self.sale(till)
                if sold is not None and sold.state == "approved" and index < voids:
                    await self.void(till, sold, truth)

        await asyncio.gather(*(serve(till) for till in tills))

    async def execute(self, sql: str, *arguments: Any) -> None:
        """Change the acquirer's data and let the host take it up."""
        await self.world.pool.execute(sql, *arguments)
        await self.world.take_up()

    async def policy(
        self, kind: str, number: int, age_s: float, lasts_s: float | None = None
    ) -> None:
        """Tell the acquirer of a rule of this issuer that has been in force for so long."""
        began = datetime.now(_ZONE) - timedelta(seconds=age_s)
        until = None if lasts_s is None else datetime.now(_ZONE) + timedelta(seconds=lasts_s)
        await self.world.pool.execute(
            "INSERT INTO policies (issuer_id, id, kind, number, valid_from, valid_until, set_by,"
            " set_at) VALUES ($1, gen_random_uuid(), $2, $3, $4, $5, 'bench', now())",
            self.issuer_id, kind, number, began, until,
        )  # fmt: skip


class World:
    """A running host, and the making of scenes."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.pool = running.ground.pool
        self._lock = asyncio.Lock()
        self._numbers = 0

    async def take_up(self) -> None:
        """Let the host read merchants and terminals anew, as it does when somebody changes them."""
        async with self._lock:
            await self.running.host.registry.load()

    @asynccontextmanager
    async def scene(self, random: Random) -> AsyncIterator[Scene]:
        """Make an issuer, a merchant and its tills, and take the issuer away in the end."""
        self._numbers += 1
        number = self._numbers
        async with AsyncExitStack() as stack:
            issuer = await stack.enter_async_context(simulate(Options(seed=number)))
            proxy = Proxy(issuer.port)
            stack.push_async_callback(proxy.stop)
            issuer_id, prefix = f"{number:08d}", f"62{number:04d}"
            merchant = f"898{number:012d}"
            async with self._lock:
                await self.pool.execute(_ISSUER, issuer_id, await proxy.start(), TIMEOUT_MS)
                await self.pool.execute(
                    "INSERT INTO bins (prefix, issuer_id, card_type) VALUES ($1, $2, 'debit')",
                    prefix, issuer_id,
                )  # fmt: skip
                await self.pool.execute(_MERCHANT, merchant)
                keys = [await self._terminal(merchant, number, index) for index in range(_TILLS)]
                await self.running.host.registry.load()
                await self._apply()
            await self.running.host.issuers.lines[issuer_id].link.wait_up()
            tills = [await self._till(stack, merchant, *one) for one in keys]
            yield Scene(self, random, number, issuer, proxy, issuer_id, prefix, merchant, tills)
            async with self._lock:
                await self.pool.execute(
                    "UPDATE issuers SET active = false WHERE issuer_id = $1", issuer_id
                )
                await self._apply()

    async def _apply(self) -> None:
        tables = await directory.read(self.pool)
        await self.running.host.issuers.apply(tables.issuers, tables.bins)

    async def _terminal(self, merchant: str, number: int, index: int) -> tuple[str, str]:
        terminal = f"{number:06d}{index:02d}"
        await self.pool.execute(
            "INSERT INTO terminals (merchant_id, terminal_id) VALUES ($1, $2)", merchant, terminal
        )
        clear = secrets.token_bytes(16)
        key = self.running.ground.security.import_key(KeyKind.MASTER, TDES, clear)
        await self.pool.execute(
            _KEY, merchant, terminal, key.kind, key.algorithm, key.wrapped, key.check_value
        )
        return terminal, clear.hex()

    async def _till(self, stack: AsyncExitStack, merchant: str, terminal: str, key: str) -> Till:
        proxy = Proxy(self.running.port)
        stack.push_async_callback(proxy.stop)
        profile = Profile(
            merchant=merchant, terminal=terminal, master_key=key, port=await proxy.start(),
            timeout_s=3.0, resends=50,
        )  # fmt: skip
        journal = Journal(":memory:", Vault(bytes.fromhex(key)))
        soft = SoftTerminal(profile, journal, lambda: datetime.now(_ZONE))
        stack.callback(journal.close)
        stack.callback(soft.close)
        await soft.sign_in()
        return Till(soft, journal, proxy, (terminal, merchant))


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """Start it all; the resolver works at a shop's pace, so that it does not stir the evidence."""
    settings = Settings.load(None, data=folder, terminals_port=0, status_port=0, log_level="error")
    async with ground(settings) as base:
        await seed(base.pool, base.security, Plan((1,), merchants=1, terminals_each=1))
        await base.pool.execute("DELETE FROM bins")
        await base.pool.execute("UPDATE issuers SET active = false")
        async with serve(base) as running:
            yield World(running)
