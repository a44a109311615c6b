"""What a process stands on: its folder, the database, the keys, the clock, its loops."""

import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from annul.desk.access import Access
from annul.domain.errors import AnnulError
from annul.security.masterkey import load_or_create
from annul.security.module import SecurityModule
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.settings import Settings
from annul.store.clock import Clock, SystemClock
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.loop import Loops
from annul.store.migrate import upgrade


@dataclass(frozen=True, slots=True)
class Ground:
    """What everything stands on: the database, the keys, the clock."""

    settings: Settings
    database: str
    pool: asyncpg.Pool
    security: SecurityModule
    vault: Vault
    clock: Clock
    access: Access
    loops: Loops = field(default_factory=Loops)


class AlreadyRunning(AnnulError):
    """Another annul runs on this data folder, so this one serves nothing. No money has moved."""

    code = "app.already_running"
    next_step = "Stop the other one, or give another folder with --data."


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the kernel gives back whatever becomes of this process."""
    with (folder / "annul.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another annul runs on {folder.resolve()}"
            raise AlreadyRunning(message) from None
        yield


@asynccontextmanager
async def ground(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Ground]:
    """Start or reach the database, migrate it, and load the keys."""
    loops = Loops()
    async with AsyncExitStack() as stack:
        settings.data.mkdir(parents=True, exist_ok=True)
        stack.enter_context(_alone(settings.data))
        url = settings.database.get_secret_value()
        if not url:
            embedded = EmbeddedPostgres(settings.data)
            url = await embedded.start()
            stack.push_async_callback(embedded.stop)
            embedded.keep_alive(loops)
        await upgrade(url)
        pool = await connect(url)
        stack.push_async_callback(pool.close)
        master = load_or_create(
            settings.master_key_file or settings.data / "master.key",
            settings.master_key.get_secret_value(),
        )
        clock, vault = clock or SystemClock(), Vault(master)
        yield Ground(
            settings=settings,
            database=url,
            pool=pool,
            security=SoftwareModule(master),
            vault=vault,
            clock=clock,
            access=Access(pool, clock, vault, settings.second_factor_roles),
            loops=loops,
        )
