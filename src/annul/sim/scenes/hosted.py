"""A place with the host in this very process, and the making of scenes in it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from annul.diagnose.fitting import Fitting
from annul.diagnose.samples import Samples
from annul.domain.business_day import Calendar
from annul.host.host import Host
from annul.host.server import TerminalServer
from annul.issuers import directory
from annul.issuers.link import Link
from annul.merchants.enrolment import TerminalProfile, enrol
from annul.security.module import SecurityModule
from annul.security.vault import Vault
from annul.settle.clearing.commit import Clearing
from annul.settle.clearing.load import Described, Loader
from annul.settle.clearing.rules import USUAL
from annul.sim.issuer.clearing import ClearingFile, pieces
from annul.sim.issuer.simulator import Options, simulate
from annul.sim.terminal.journal import TerminalJournal
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import SoftTerminal
from annul.store.sql import load

from .proxy import Proxy
from .scene import Scene
from .till import Till

_SQL: Final = load("annul.sim.scenes", "hosted.sql")
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_TILLS: Final = 6
_NIGHT: Final = "night"  # by whom files are read that nobody reads by hand
_FIRST: Final = 1_000  # numbers of scenes, beyond those of the demo


@dataclass(frozen=True, slots=True)
class Served:
    """A host that serves terminals: its parts, and the port (loopback) on which it does."""

    host: Host
    server: TerminalServer
    security: SecurityModule
    port: int


class Hosted:
    """A place around a host that serves. `timeout_ms` is what its issuers may take.

    `pool` is one of its own, where it is not to share the host's.
    """

    def __init__(self, served: Served, timeout_ms: int, pool: Any = None) -> None:
        self.served = served
        self.pool: Any = pool or served.host.pool
        self.samples_lock = asyncio.Lock()
        self._timeout_ms = timeout_ms
        self._lock = asyncio.Lock()
        self._numbers = _FIRST

    @property
    def timeout_ms(self) -> int:
        """How long an issuer may take."""
        return self._timeout_ms

    def now(self) -> datetime:
        """Give the moment by the host's clock."""
        return self.served.host.clock.now().astimezone(_ZONE)

    def link(self, issuer_id: str) -> Link:
        """Give the host's line to an issuer."""
        return self.served.host.issuers.lines[issuer_id].link

    async def until(self, sql: str, *arguments: Any, within_s: float = 30.0) -> None:
        """Wait until a query gives something true; raises `TimeoutError`."""
        async with asyncio.timeout(within_s):
            while not await self.pool.fetchval(sql, *arguments):
                await asyncio.sleep(0.02)

    def interrupt(self, terminal: str) -> None:
        """End what the host does for a terminal, as the end of its process would."""
        server = self.served.server
        for task in server._tasks | server._of_nobody:  # pyright: ignore[reportPrivateUsage]
            frame = getattr(task.get_coro(), "cr_frame", None)
            at_work = frame.f_locals if frame is not None else {}
            entry = at_work.get("entry") or at_work.get("let_in")  # or only looked at so far
            if terminal.encode() in getattr(getattr(entry, "message", None), "raw", b""):
                task.cancel()

    async def switch(self, issuer_id: str, *, on: bool) -> None:
        """Take an issuer's line away, or give it back."""
        async with self._lock:
            await self.pool.execute(*_SQL["issuer_active"](issuer=issuer_id, active=on))
            await self._apply()

    async def take_up(self) -> None:
        """Let the host read merchants and terminals anew, as it does when somebody changes them."""
        async with self._lock:
            await self.served.host.registry.load()

    async def learn(self, issuer_id: str) -> None:
        """Let annul learn what two weeks of answers of an issuer say, as it does every night."""
        pool, now = self.pool, self.now()
        samples, reached = Samples(pool, _ZONE.key), now - timedelta(days=15)
        async with self.samples_lock:
            while reached < now:
                reached = (await samples.take(reached, now)).until
        fitting = Fitting(pool, _ZONE.key)
        await fitting.keep(issuer_id, await fitting.fit(issuer_id, now), now, now.date())

    @property
    def calendar(self) -> Calendar:
        """When business days end."""
        return self.served.host.calendar

    async def counts(self, file: ClearingFile, issuer_id: str) -> UUID:
        """Let an issuer's clearing file be read and count, as every night; gives its id."""
        host, digest = self.served.host, hashlib.sha256(file.content).digest()
        told = Described(file.name, file.form, file.day, (issuer_id,))
        loader = Loader(self.pool, host.vault, host.clock)
        staged = await loader.stage(told, pieces(file), lambda: digest, _NIGHT)
        clearing = Clearing(self.pool, host.calendar, host.clock, USUAL)
        async with self.pool.acquire() as connection, connection.transaction():
            await clearing.commit(connection, staged.id, _NIGHT)
        await clearing.unstage(staged.id)
        return staged.id

    @asynccontextmanager
    async def scene(self, random: Random, backup: str = "") -> AsyncIterator[Scene]:
        """Make an issuer, a merchant and its tills, and take the issuer away in the end.

        `backup` is the issuer that takes its cards when it does not.
        """
        self._numbers += 1
        number = self._numbers
        async with AsyncExitStack() as stack:
            issuer = await stack.enter_async_context(simulate(Options(seed=number), self.now))
            proxy = Proxy(issuer.port)
            stack.push_async_callback(proxy.stop)
            issuer_id, prefix = f"{number:08d}", f"62{number:04d}"
            merchant = f"898{number:012d}"
            async with self._lock:
                await self.pool.execute(
                    *_SQL["issuer"](
                        issuer=issuer_id, port=await proxy.start(), timeout_ms=self._timeout_ms
                    )
                )
                await self.pool.execute(
                    *_SQL["bin"](prefix=prefix, issuer=issuer_id, backup=backup or None)
                )
                await self.pool.execute(*_SQL["merchant"](merchant=merchant))
                keys = [await self._terminal(merchant, number, index) for index in range(_TILLS)]
                await self.served.host.registry.load()
                await self._apply()
            async with asyncio.timeout(30):
                await self.link(issuer_id).wait_up()
            tills = [await self._till(stack, merchant, *one) for one in keys]
            yield Scene(self, random, issuer, proxy, issuer_id, prefix, merchant, tills)
            await self.switch(issuer_id, on=False)

    async def another_shop(self, stack: AsyncExitStack) -> Till:
        """Enrol a shop of its own with one till, beside those of the scenes."""
        self._numbers += 1
        number, merchant = self._numbers, f"898{self._numbers:012d}"
        async with self._lock:
            await self.pool.execute(*_SQL["merchant"](merchant=merchant))
            key = await self._terminal(merchant, number, 0)
            await self.served.host.registry.load()
        return await self._till(stack, merchant, *key)

    async def _apply(self) -> None:
        tables = await directory.read(self.pool)
        await self.served.host.issuers.apply(tables.issuers, tables.bins)

    async def _terminal(self, merchant: str, number: int, index: int) -> tuple[str, str]:
        profile = TerminalProfile(merchant, f"{number:06d}{index:02d}")
        async with self.pool.acquire() as connection, connection.transaction():
            enrolled = await enrol(connection, self.served.security, profile)
        assert enrolled is not None, "no scene has its number"
        return profile.terminal_id, enrolled.master_key

    async def _till(self, stack: AsyncExitStack, merchant: str, terminal: str, key: str) -> Till:
        proxy = Proxy(self.served.port)
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
        soft = SoftTerminal(profile, journal, self.now)
        stack.callback(journal.close)
        stack.callback(soft.close)
        await soft.sign_in()
        return Till(soft, journal, proxy, (terminal, merchant))
