"""The world in which faults are caused: a host, its database, an issuer of its own per scene."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from annul.app import Running, ground, serve
from annul.domain.kinds import KINDS
from annul.issuers import directory
from annul.issuers.link import Link
from annul.security.ciphers import TDES
from annul.security.keys import KeyKind
from annul.security.vault import Vault
from annul.settings import Settings
from annul.sim.demo import Plan, seed
from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.issuer.simulator import Options, Simulator, simulate
from annul.sim.terminal.errors import NoAnswerFromHost, StillOwing, Unreachable
from annul.sim.terminal.journal import Journal, Record
from annul.sim.terminal.messages import Order
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import SoftTerminal
from annul.wire.subfields import Field60
from tests.support.proxy import Proxy

_ZONE: Final = ZoneInfo("Asia/Shanghai")
TIMEOUT_MS: Final = 700
_TILLS: Final = 6
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
    """One issuer, one merchant, some tills, and the truth of each void that was sent.

    Faults have the first two tills, traffic the next two, the hum of the shop the fifth; the last
    is where a sale was made `elsewhere`.
    """

    world: "World"
    random: Random
    issuer: Simulator
    proxy: Proxy
    issuer_id: str
    prefix: str
    merchant: str
    tills: list[Till]
    truths: list[tuple[tuple[str, str, str, str], str]] = field(default_factory=list)

    @property
    def elsewhere(self) -> Till:
        """Another terminal of the shop, far from the others."""
        return self.tills[5]

    @property
    def link(self) -> Link:
        """The host's line to the issuer."""
        return self.world.running.host.issuers.lines[self.issuer_id].link

    # What people do -------------------------------------------------------------------------

    def card(self) -> str:
        """Give a card of this issuer that nobody has used."""
        return f"{self.prefix}{self.random.randrange(10**9):09d}1"

    @staticmethod
    def pan(sale: Record) -> str:
        """Give the card of a sale."""
        return str(sale.fields.get(2, ""))

    async def sale(
        self, till: Till, amount: int | None = None, card: str | None = None
    ) -> Record | None:
        """Sell something."""
        amount = amount or self.random.randrange(10_00, 400_00)
        return await till.do("sale", amount, card or self.card())

    async def sales(self, till: Till, count: int) -> list[Record]:
        """Sell so often; gives the sales that went through."""
        sold = [await self.sale(till) for _ in range(count)]
        return [sale for sale in sold if sale is not None and sale.state == "approved"]

    async def void(
        self,
        till: Till,
        sale: Record,
        truth: str,
        amount: int | None = None,
        card: str | None = None,
    ) -> None:
        """Void a sale; keeps what is true of it if it fails, unless `truth` is empty."""
        batch = till.journal.batch
        known = {record.trace for record in till.journal.records()}
        await till.do("void", amount or sale.amount, card or self.pan(sale), sale)
        new = [record for record in till.journal.records() if record.trace not in known]
        if new and truth:
            self._true(till, new[0].batch or batch, new[0].trace, truth)

    async def bare_void(self, till: Till, sale: Record, truth: str) -> None:
        """Send a void without field 61, as software did before it was asked for."""
        trace = till.journal.next_trace()
        fields: dict[int, str | bytes] = {
            2: self.pan(sale),
            3: "200000",
            4: f"{sale.amount:012d}",
            11: trace,
            22: "012",
            25: "00",
            37: sale.rrn,
            41: till.ids[0],
            42: till.ids[1],
            49: "156",
            60: Field60("23", sale.batch, "000").build(),
        }
        soft = till.terminal
        await soft._exchange("0200", fields, soft._keys)  # pyright: ignore[reportPrivateUsage]
        self._true(till, sale.batch, trace, truth)

    async def interrupted_void(self, till: Till, sale: Record, truth: str) -> None:
        """Send a void, and end the host's work on it once it is written and sent."""
        began = datetime.now(_ZONE)
        doing = asyncio.create_task(self.void(till, sale, truth))
        await self.world.until(
            "SELECT count(*) FROM transactions WHERE merchant_id = $1 AND terminal_id = $2"
            " AND kind = 'void' AND state = 'sent'",
            self.merchant,
            till.ids[0],
        )
        self.world.interrupt(till.ids[0])
        await self.world.until(
            "SELECT count(*) FROM transactions WHERE merchant_id = $1 AND terminal_id = $2"
            " AND kind = 'void' AND why = 'host_interrupted' AND received_at > $3",
            self.merchant,
            till.ids[0],
            began,
        )
        till.proxy.cut()
        await doing

    async def unheard_void(self, till: Till, sale: Record, truth: str) -> None:
        """Send a void whose answer hangs in the line until the terminal hangs up."""
        began = datetime.now(_ZONE)
        doing = asyncio.create_task(self.void(till, sale, truth))
        await self.world.until(
            "SELECT count(*) FROM transactions WHERE merchant_id = $1 AND terminal_id = $2"
            " AND kind = 'void' AND state = 'approved' AND received_at > $3",
            self.merchant,
            till.ids[0],
            began,
        )
        till.proxy.cut()
        await doing

    async def traffic(self, sales: int, voids: int = 0) -> None:
        """Let others sell, and void as many of it."""

        async def serve(till: Till) -> None:
            for index in range(sales // 2):
                sold = await self.sale(till)
                if sold is not None and sold.state == "approved" and index < voids:
                    await self.void(till, sold, "")

        await asyncio.gather(*(serve(till) for till in self.tills[2:4]))

    async def hum(self) -> None:
        """Sell, and void every fourth sale, until cancelled."""
        till = self.tills[4]
        for number in itertools.count():
            sold = await self.sale(till)
            if sold is not None and sold.state == "approved" and number % 4 == 0:
                await self.void(till, sold, "")
            await asyncio.sleep(0.05)

    # What goes wrong ------------------------------------------------------------------------

    def meets(self, kind: FaultKind, *, left: int | None = 1, **aim: Any) -> Fault:
        """Let the issuer do something wrong."""
        row = Fault(kind, left=left, **aim)
        self.issuer.server.faults.rows.append(row)
        return row

    async def spoilt_card(
        self, till: Till, sale: Record, state: str, code: str, truth: str
    ) -> None:
        """Void a sale whose card has got into a state; a purchase before it was refused as well."""
        pan = self.pan(sale)
        self.issuer.server.books.account(pan).state = state
        plain = code not in {"05", "57"}
        if not plain or self.random.random() < 0.5:
            await self.sale(till, card=pan)
        self.meets(FaultKind.CODE, of_kind="void", terminal=till.ids[0], code=code)
        await self.void(till, sale, truth)

    async def execute(self, sql: str, *arguments: Any) -> None:
        """Change the acquirer's data and let the host take it up."""
        await self.world.pool.execute(sql, *arguments)
        await self.world.take_up()

    async def terminal(self, till: Till, change: str) -> None:
        """Change the set-up of a terminal."""
        await self.execute(
            f"UPDATE terminals SET {change} WHERE terminal_id = $1 AND merchant_id = $2", *till.ids
        )

    async def money(self, *, pending: int, available: int, frozen: int = 0) -> None:
        """Leave the merchant so much, and let its contract ask that voids are covered."""
        await self.world.pool.execute(
            "UPDATE merchant_balances SET pending = $2, available = $3, frozen = $4"
            " WHERE merchant_id = $1",
            self.merchant,
            pending,
            available,
            frozen,
        )
        await self.execute(
            "UPDATE merchants SET void_needs_balance = true WHERE merchant_id = $1", self.merchant
        )

    async def policy(
        self, kind: str, number: int, age_s: float, lasts_s: float | None = None
    ) -> None:
        """Tell the acquirer of a rule of this issuer that has been in force for so long."""
        began = datetime.now(_ZONE) - timedelta(seconds=age_s)
        until = None if lasts_s is None else datetime.now(_ZONE) + timedelta(seconds=lasts_s)
        await self.world.pool.execute(
            "INSERT INTO policies (issuer_id, id, kind, number, valid_from, valid_until, set_by,"
            " set_at) VALUES ($1, gen_random_uuid(), $2, $3, $4, $5, 'bench', now())",
            self.issuer_id,
            kind,
            number,
            began,
            until,
        )

    async def end_windows(self) -> None:
        """End what the issuer had announced."""
        await self.world.pool.execute(
            "UPDATE policies SET valid_until = now() WHERE issuer_id = $1"
            " AND kind IN ('maintenance', 'end_of_day')",
            self.issuer_id,
        )

    async def meaning(self, code: str, cause: str) -> None:
        """Write down what this issuer means by a code."""
        await self.world.pool.execute(
            "INSERT INTO code_meanings VALUES ($1, $2, $3)", self.issuer_id, code, cause
        )

    async def route(self, *, on: bool) -> None:
        """Switch the issuer's line off or on."""
        await self.world.switch(self.issuer_id, on=on)
        if on:
            await self.up()

    async def up(self) -> None:
        """Wait until the line is up."""
        async with asyncio.timeout(30):
            await self.link.wait_up()

    async def down(self, trouble: str = "") -> None:
        """Wait until the line is down, and known to be so for a reason."""
        async with asyncio.timeout(30):
            while self.link.up or (trouble and self.link.trouble != trouble):
                await asyncio.sleep(0.01)

    async def settled(self) -> None:
        """Wait until nothing of the shop is under way, as far as that will ever be."""
        with suppress(TimeoutError):
            await self.world.until(
                "SELECT NOT EXISTS (SELECT FROM transactions WHERE merchant_id = $1"
                " AND state IN ('received', 'sent', 'unknown'))",
                self.merchant,
                within_s=1.5,
            )

    def _true(self, till: Till, batch: str, trace: str, truth: str) -> None:
        terminal, merchant = till.ids
        self.truths.append(((merchant, terminal, batch, trace), truth))


class World:
    """A running host, and the making of scenes."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.pool = running.ground.pool
        self._lock = asyncio.Lock()
        self._numbers = 1_000  # beyond those of the demo

    @property
    def timeout_ms(self) -> int:
        """How long an issuer may take."""
        return TIMEOUT_MS

    async def until(self, sql: str, *arguments: Any, within_s: float = 30.0) -> None:
        """Wait until a query gives something true."""
        async with asyncio.timeout(within_s):
            while not await self.pool.fetchval(sql, *arguments):
                await asyncio.sleep(0.02)

    def interrupt(self, terminal: str) -> None:
        """End what the host does for a terminal, as the end of its process would."""
        for task in self.running.server._tasks | self.running.server._of_nobody:  # pyright: ignore[reportPrivateUsage]
            frame = getattr(task.get_coro(), "cr_frame", None)
            if frame is not None and terminal.encode() in frame.f_locals["entry"].message.raw:
                task.cancel()

    async def switch(self, issuer_id: str, *, on: bool) -> None:
        """Take an issuer's line away, or give it back."""
        async with self._lock:
            await self.pool.execute(
                "UPDATE issuers SET active = $2 WHERE issuer_id = $1", issuer_id, on
            )
            await self._apply()

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
                    prefix,
                    issuer_id,
                )
                await self.pool.execute(_MERCHANT, merchant)
                keys = [await self._terminal(merchant, number, index) for index in range(_TILLS)]
                await self.running.host.registry.load()
                await self._apply()
            async with asyncio.timeout(30):
                await self.running.host.issuers.lines[issuer_id].link.wait_up()
            tills = [await self._till(stack, merchant, *one) for one in keys]
            yield Scene(self, random, issuer, proxy, issuer_id, prefix, merchant, tills)
            await self.switch(issuer_id, on=False)

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
            merchant=merchant,
            terminal=terminal,
            master_key=key,
            port=await proxy.start(),
            timeout_s=12.0,
            resends=50,
        )
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
