"""The database of `make chaos`: the embedded one, or an administrator's with a standby."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from annul.store.embedded import EmbeddedPostgres
from annul.store.roles import OWNER
from tests.support.servers import SUPERUSER, Pair, pair

_STARTS: Final = 10


class Store(Protocol):
    """What hosts share, what happens to it, and where its books are read."""

    @property
    def url(self) -> str:
        """Where everything may be read, now."""
        ...

    @property
    def settings(self) -> Mapping[str, str]:
        """Settings with which it is founded; empty if a host keeps it in its own folder."""
        ...

    @property
    def elsewhere(self) -> str:
        """The URL for hosts that do not keep it."""
        ...

    async def start(self) -> None:
        """Make it ready."""
        ...

    async def crash(self) -> None:
        """Kill it, and let it come back."""
        ...

    async def fail_over(self) -> None:
        """Kill it for good, and let another take its place."""
        ...


class Embedded:
    """The one that the first host keeps, and starts again."""

    def __init__(self, folder: Path) -> None:
        self._kept = EmbeddedPostgres(folder)
        self.url = self.elsewhere = self._kept.url
        self.settings: Mapping[str, str] = {}

    async def start(self) -> None:
        """Do nothing: the first host does."""

    async def crash(self) -> None:
        """Kill it."""
        self._kept.kill()

    async def fail_over(self) -> None:
        """Raise: there is no other."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Stop it."""
        await self._kept.stop()


class Replicated:
    """A first server with a synchronous standby."""

    def __init__(self, two: Pair) -> None:
        self._two = two
        self._serving = two.first
        self.elsewhere = two.url()
        self.settings = {"database": two.url(), "database_owner": two.url(OWNER)}

    @property
    def url(self) -> str:
        """That of the server that takes writes."""
        return self._serving.url(SUPERUSER, "annul")

    async def start(self) -> None:
        """Make both."""
        await self._two.start(synchronous=True)

    async def crash(self) -> None:
        """Kill the one that serves, and start it again."""
        self._serving.kill()
        for _ in range(_STARTS):  # its last child may still hold what they share
            try:
                return await asyncio.to_thread(self._serving.start)
            except RuntimeError:
                await asyncio.sleep(1.0)
        return await asyncio.to_thread(self._serving.start)

    async def fail_over(self) -> None:
        """Kill the first, and promote the standby."""
        self._two.first.kill()
        await asyncio.to_thread(self._two.second.promote)
        self._serving = self._two.second


@contextmanager
def replicated() -> Iterator[Replicated]:
    """Give a database with a standby that is not made yet."""
    with pair() as two:
        yield Replicated(two)
