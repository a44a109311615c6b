"""This host process among the others: its node number, held by a lease in the database.

The number marks every transaction, so that it is known who drives it: two processes with one number
would each take the other's for stranded. A claim takes a number that nobody holds. A data folder
has an identity, and its lock says that no other process runs on it; so a number that was held from
the same folder is free at once, however its holder ended. Any other is free when its lease has
ended.

Each beat renews the lease as long as nobody else has claimed the number. A process that stood still
for longer than its lease may find that somebody has: then it has lost, and must serve nothing more.
While the database is away nobody can claim, so a host goes on trying.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import structlog

from annul.domain.errors import AnnulError
from annul.store.batcher import LOST
from annul.store.clock import Clock
from annul.store.loop import Loop, Loops
from annul.store.sql import load

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.host", "membership.sql")
_FILE: Final = "host.id"
LEASE_S: Final = 10.0
_BEATS: Final = 5  # in the time of a lease
# A connection on which the database does not answer for so long, or for this part of a lease, is
# given up.
_ANSWER_S: Final = 2.0
_ANSWER: Final = 0.4


class NodeTaken(AnnulError):
    """Another host process holds this node number, so this one serves nothing. No money has moved.

    A number that its holder did not give back is free when its lease ends, within seconds.
    """

    code = "host.node_taken"
    next_step = (
        "Give each host process a number of its own: `node` in annul.toml, 0 to 9. "
        "If the other one has ended for good, start this one again when its lease has ended."
    )


class NodeLost(AnnulError):
    """Another host process has taken this node number, so this one has stopped serving.

    What was under way is moved on by the hosts that serve.
    """

    code = "host.node_lost"
    next_step = (
        "Give each host process a number of its own: `node` in annul.toml, 0 to 9. "
        "This one had not renewed its lease in time: see whether it stood still (load, memory, a "
        "paused machine) or had no way to the database."
    )


def identity(folder: Path) -> UUID:
    """Give the identity of a data folder, whose lock the caller holds; it is made once.

    It stands in a file with the file's own place on the disk: a copy of the folder is another one.
    """
    file = folder / _FILE
    try:
        with file.open(encoding="ascii") as opened:
            known, place = opened.read().split()
            if place == _place(opened.fileno()):
                return UUID(known)
    except (OSError, ValueError):  # there is none yet, or it was cut short
        pass
    file.unlink(missing_ok=True)
    made = uuid4()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(f"{made} {_place(descriptor)}\n")
    return made


def _place(descriptor: int) -> str:
    status = os.fstat(descriptor)
    return f"{status.st_dev}:{status.st_ino}"


class Membership:
    """Holds `node` from `claim` to `leave`. `lost` is set when another process has the number.

    Without a `node` it takes one that is free, that of the folder before others. `lease_s` is how
    long the number is kept for a process that says nothing.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: Clock,
        node: int | None,
        folder: UUID,
        lease_s: float = LEASE_S,
        loops: Loops | None = None,
    ) -> None:
        self._wanted = node
        self._node = -1 if node is None else node
        self.boot = uuid4()
        self.lost = asyncio.Event()
        self._pool = pool
        self._clock = clock
        self._folder = folder
        self._lease_s = lease_s
        self._connection: Any = None
        self._steady_since: float | None = None
        self._loops = loops or Loops(clock)
        self._loop: Loop | None = None

    @property
    def steady(self) -> bool:
        """Whether this process has renewed its lease without a gap for as long as a lease lasts.

        Only then does an ended lease say that its holder is dead: after a time without the
        database the leases of all have ended, and the others may come back as this one did.
        """
        since = self._steady_since
        return since is not None and self._clock.monotonic() - since >= self._lease_s

    @property
    def node(self) -> int:
        """The number; of a process that takes any, once it is claimed."""
        return self._node

    async def claim(self) -> None:
        """Take the number, or any that is free, and renew it from now on; raises `NodeTaken`."""
        for candidate in await self._candidates():
            self._node = candidate
            if await self._renewed("claim"):
                self._steady_since = self._clock.monotonic()
                beat_s = self._lease_s / _BEATS
                self._loop = self._loops.start(
                    "lease", self._hold, first_s=beat_s, every_s=beat_s, after_s=beat_s
                )
                return
        await self._let_go()
        if self._wanted is None:
            message = "other host processes hold all the numbers of this database, 0 to 9"
            raise NodeTaken(message)
        held = await self._pool.fetchrow(*_SQL["holder"](node=self.node))
        if held is None:  # cleared away at this moment
            raise NodeTaken
        message = (
            f"another host process has held node {self.node} since {held['started_at']:%F %T} UTC "
            f"(its lease runs until {held['leased_until']:%T})"
        )
        raise NodeTaken(message)

    async def _candidates(self) -> list[int]:
        if self._wanted is not None:
            return [self._wanted]
        rows = await self._pool.fetch(*_SQL["free"](folder=self._folder))
        return [row[0] for row in rows]

    async def leave(self) -> None:
        """Give the number back; when the database is away, its lease ends by itself."""
        if self._loop is not None:
            await self._loop.stop()
        try:
            await self._ask("leave", node=self.node, boot=self.boot)
        except LOST:
            log.warning("node_not_given_back", node=self.node)
        await self._let_go()

    async def _hold(self) -> None:
        if self.lost.is_set():
            return
        try:
            await self._beat()
        except BaseException as error:
            self._gap(repr(error))
            raise

    async def _beat(self) -> None:
        unbroken = await self._renewed("beat")
        if unbroken is None:
            log.error("node_lost", node=self.node)
            self._steady_since = None
            self.lost.set()
            return
        if not unbroken:
            self._gap("it had ended")
        if self._steady_since is None:
            self._steady_since = self._clock.monotonic()
            log.info("lease_renewed", node=self.node)

    def _gap(self, why: str) -> None:
        if self._steady_since is not None:
            log.warning("lease_not_renewed", node=self.node, why=why)
        self._steady_since = None

    async def _renewed(self, query: str) -> bool | None:
        """Claim or beat; None when the number is another process's."""
        lease = timedelta(seconds=self._lease_s)
        mine = {"node": self.node, "boot": self.boot, "folder": self._folder, "lease": lease}
        return await self._ask(query, **mine)

    async def _ask(self, query: str, **values: object) -> Any:
        """Run a query on a connection that is kept for it: a beat must not wait for its turn."""
        limit = max(self._lease_s * _ANSWER, _ANSWER_S)
        try:
            if self._connection is None:
                self._connection = await self._pool.acquire(timeout=limit)
            return await self._connection.fetchval(*_SQL[query](**values), timeout=limit)
        except Exception:
            connection, self._connection = self._connection, None
            if connection is not None:
                with suppress(asyncpg.InterfaceError):  # one that has died has left the pool
                    connection.terminate()
                await self._pool.expire_connections()  # nor may others rest there that are as dead
            raise

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._pool.release(connection)


@asynccontextmanager
async def once_lost(lost: asyncio.Event, act: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Act when the number is lost, as `Membership.lost` says, within the block."""

    async def wait() -> None:
        await lost.wait()
        await act()

    task = asyncio.create_task(wait())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
