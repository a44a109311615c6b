"""The host processes of `make chaos` on one database, and what happens to them meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Final

import asyncpg

from annul.store.batcher import LOST
from tests.support.databases import Store
from tests.support.processes import Process, free_port
from tests.support.tellers import Progress

LEASE_S: Final = 3.0
_FROZEN_S: Final = (LEASE_S + 1.0, LEASE_S + 7.0)  # with time to move on what it left, or without
_STARTS: Final = 3
_COMES_BACK_S: Final = 30.0
_LEAVES_S: Final = 30.0  # a process that has lost its number, or is refused one, ends within

OneWord = Callable[[], AbstractAsyncContextManager[None]]


class Hosts:
    """Host processes by number; terminals are led to their ports.

    The first works in `folder`, and keeps the database there unless it is an administrator's.
    """

    def __init__(
        self, folder: Path, count: int, database: Store, environment: Mapping[str, str]
    ) -> None:
        self.database = database
        self._folder = folder
        self._environment = environment
        self._planned = 0
        self.serving = {number: self.plan(number) for number in range(count)}

    def ports(self) -> list[int]:
        """Where terminals find a host."""
        return [host.port for host in self.serving.values()]

    def plan(self, number: int) -> Process:
        """Prepare a process that is to have a number, on a data folder of its own."""
        name, port = f"host-{number}-{self._planned}", free_port()
        own, environment = self._folder, dict(self._environment)
        if self._planned:
            own = self._folder / name
            own.mkdir(mode=0o755)
            environment["ANNUL_MASTER_KEY_FILE"] = str(self._folder / "master.key")
        if self._planned or self.database.settings:
            environment["ANNUL_DATABASE"] = self.database.elsewhere
        self._planned += 1
        environment |= {
            "ANNUL_NODE": str(number),
            "ANNUL_NODE_LEASE_S": f"{LEASE_S:g}",
            "ANNUL_TERMINALS_PORT": str(port),
            "ANNUL_STATUS_PORT": "0",
            "ANNUL_CONSOLE": "false",
            "ANNUL_LOG_LEVEL": "warning",
        }
        return Process(name, ["up", f"--data={own}"], port, self._folder, environment)

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """Start all, and end in order those that serve when the block ends."""
        try:
            for host in self.serving.values():
                await host.start()
            yield
        finally:
            first, *others = self.serving.values()
            await asyncio.gather(*(host.stop() for host in others))
            await first.stop()


class Havoc:
    """Makes happen what `EVENTS` names. While `one_word` lasts, the issuer says no second word.

    A host that dies would take it along, and only a clearing file could tell what it booked.
    """

    def __init__(self, hosts: Hosts, progress: Progress, random: Random, one_word: OneWord) -> None:
        self._hosts = hosts
        self._progress = progress
        self._random = random
        self._one_word = one_word

    async def run(self, events: list[str], expected: int) -> None:
        """Let one after the other happen, each after a share of the `expected` work is done."""
        for number, event in enumerate(events, 1):
            await self._progress.reached(expected * number // (len(events) + 1))
            await EVENTS[event](self)

    async def _killed(self) -> None:
        """Kill a host; whoever watches over it starts it again."""
        host = self._random.choice(list(self._hosts.serving.values()))
        async with self._one_word():
            host.kill()
            await started(host)

    async def _gone(self) -> None:
        """Kill the last host for ever."""
        number = max(self._hosts.serving)
        async with self._one_word():
            self._hosts.serving.pop(number).kill()

    async def _frozen(self) -> None:
        """Let a host stand still past its lease, and go on."""
        host = self._random.choice(list(self._hosts.serving.values()))
        host.freeze()
        try:
            await asyncio.sleep(self._random.choice(_FROZEN_S))
        finally:
            host.thaw()
        self._progress.frozen += 1

    async def _usurped(self) -> None:
        """Let another process take a frozen host's number: the thawed one has to leave."""
        number = max(self._hosts.serving)
        host, other = self._hosts.serving[number], self._hosts.plan(number)
        async with self._one_word():
            host.freeze()
            try:
                await asyncio.sleep(LEASE_S)
                await started(other)
                self._hosts.serving[number] = other
            finally:
                host.thaw()
            status = await host.ended(_LEAVES_S)
        self._progress.frozen += 1
        assert status == 1, host.log()
        assert "node_lost" in host.log()

    async def _refused(self) -> None:
        """Start a process with the number of a live host: it is refused, and that one goes on."""
        number = self._random.choice(list(self._hosts.serving))
        other = self._hosts.plan(number)
        try:
            await other.start()
        except RuntimeError:
            status = await other.ended(_LEAVES_S)
            assert status == 1, other.log()
            assert f"has held node {number} " in other.log(), other.log()
            self._progress.refused_numbers += 1
        else:
            other.kill()
            message = f"two hosts serve with number {number}"
            raise AssertionError(message)

    async def _database(self) -> None:
        """Kill the database; it is started again."""
        await self._hosts.database.crash()
        await (await connected(self._hosts.database.url)).close()

    async def _failed_over(self) -> None:
        """Kill the database for ever; its standby takes its place."""
        await self._hosts.database.fail_over()
        self._progress.failovers += 1


EVENTS: Final[Mapping[str, Callable[[Havoc], Awaitable[None]]]] = {
    "killed": Havoc._killed,
    "frozen": Havoc._frozen,
    "usurped": Havoc._usurped,
    "refused": Havoc._refused,
    "database": Havoc._database,
    "failover": Havoc._failed_over,
    "gone": Havoc._gone,
}


async def connected(url: str) -> asyncpg.Connection:
    """Reach the database, which may just be coming back; raises `TimeoutError`."""
    async with asyncio.timeout(_COMES_BACK_S):
        while True:
            try:
                return await asyncpg.connect(url)
            except LOST:
                await asyncio.sleep(0.1)


async def started(process: Process) -> None:
    """Start it as whoever watches over it would: again when it ended meanwhile."""
    for _ in range(_STARTS):
        try:
            return await process.start()
        except RuntimeError:
            await asyncio.sleep(1.0)
    return await process.start()
