"""The world in which faults are caused: a host, its database, an issuer of its own per scene."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from annul.app import Running, ground, serve
from annul.diagnose.fitting import Fitting
from annul.diagnose.samples import Samples
from annul.issuers import directory
from annul.merchants.enrolment import TerminalProfile, enrol
from annul.security.vault import Vault
from annul.settings import Settings
from annul.sim.demo import DemoPlan, seed
from annul.sim.issuer.simulator import Options, simulate
from annul.sim.terminal.journal import TerminalJournal
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import SoftTerminal
from tests.support.proxy import Proxy
from tests.support.roles import as_owner
from tests.support.scenes import Scene, Till

_ZONE: Final = ZoneInfo("Asia/Shanghai")
TIMEOUT_MS: Final = 700
_TILLS: Final = 6
_MERCHANT: Final = """
INSERT INTO merchants (merchant_id, name_zh, name_en, category)
VALUES ($1, '示例店', 'Shop', '5411')
"""
_ISSUER: Final = """
INSERT INTO issuers (issuer_id, name_zh, name_en, host, port, timeout_ms)
VALUES ($1, '示例银行', 'Example Bank', '127.0.0.1', $2, $3)
"""


class World:
    """A running host, and the making of scenes."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.pool = running.ground.pool
        self._lock = asyncio.Lock()
        self.samples_lock = asyncio.Lock()  # while samples are taken, or what they are of is moved
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
            at_work = frame.f_locals if frame is not None else {}
            entry = at_work.get("entry") or at_work.get("let_in")  # or only looked at so far
            if terminal.encode() in getattr(getattr(entry, "message", None), "raw", b""):
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

    async def learn(self, issuer_id: str) -> None:
        """Let annul learn what two weeks of answers of an issuer say, as it does every night."""
        pool, now = self.pool, datetime.now(_ZONE)
        samples, reached = Samples(pool, _ZONE.key), now - timedelta(days=15)
        async with self.samples_lock:
            while reached < now:
                reached = (await samples.take(reached, now)).until
        fitting = Fitting(pool, _ZONE.key)
        await fitting.keep(issuer_id, await fitting.fit(issuer_id, now), now, now.date())

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

    async def another_shop(self, stack: AsyncExitStack) -> Till:
        """Enrol a shop of its own with one till, beside those of the scenes."""
        self._numbers += 1
        number, merchant = self._numbers, f"898{self._numbers:012d}"
        async with self._lock:
            await self.pool.execute(_MERCHANT, merchant)
            key = await self._terminal(merchant, number, 0)
            await self.running.host.registry.load()
        return await self._till(stack, merchant, *key)

    async def _apply(self) -> None:
        tables = await directory.read(self.pool)
        await self.running.host.issuers.apply(tables.issuers, tables.bins)

    async def _terminal(self, merchant: str, number: int, index: int) -> tuple[str, str]:
        profile = TerminalProfile(merchant, f"{number:06d}{index:02d}")
        async with self.pool.acquire() as connection, connection.transaction():
            enrolled = await enrol(connection, self.running.ground.security, profile)
        assert enrolled is not None, "no scene has its number"
        return profile.terminal_id, enrolled.master_key

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
        journal = TerminalJournal(":memory:", Vault(bytes.fromhex(key)))
        soft = SoftTerminal(profile, journal, lambda: datetime.now(_ZONE))
        stack.callback(journal.close)
        stack.callback(soft.close)
        await soft.sign_in()
        return Till(soft, journal, proxy, (terminal, merchant))


@asynccontextmanager
async def world(folder: Path, **pace: Any) -> AsyncIterator[World]:
    """Start it all. `pace` are settings of cases (`void_...`), by which the resolver works.

    Without them it works at a shop's pace, so that it does not stir the evidence of a short scene.
    """
    settings = Settings.load(
        None, data=folder, terminals_port=0, status_port=0, log_level="error", **pace
    )
    async with ground(settings) as base:
        await seed(base.pool, base.security, DemoPlan((1,), merchants=1, terminals_each=1))
        owner = await asyncpg.connect(as_owner(base.database))
        await owner.execute("DELETE FROM bins; UPDATE issuers SET active = false")
        await owner.close()
        async with serve(base) as running:
            yield World(running)
