"""What a process stands on: its folder, the database, the keys, the clock, its loops."""

import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from annul.cells.directory import Directory, read
from annul.desk.access import Access
from annul.domain.errors import AnnulError
from annul.operate.measures.exposition import Measures
from annul.operate.measures.people import Doors
from annul.security.masterkey import load_or_create, read_master_key
from annul.security.module import SecurityModule
from annul.security.notary import Notary
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.settings import Settings
from annul.store.clock import Clock, SystemClock
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.loop import Loops
from annul.store.master_key import keep, sealed_in
from annul.store.migrate import upgrade
from annul.store.roles import warn_of_power
from annul.store.schema import in_schema
from annul.store.servers import Servers
from annul.store.witness import FOLDER


@dataclass(frozen=True, slots=True)
class Ground:
    """What everything stands on: the database, the keys, the clock.

    `node` is the number that this process has claimed, once it has one.
    """

    settings: Settings
    database: str
    pool: asyncpg.Pool
    security: SecurityModule
    vault: Vault
    clock: Clock
    access: Access
    loops: Loops = field(default_factory=Loops)
    measures: Measures = field(default_factory=Measures)
    node: int = 0
    notary: Notary | None = None  # without one nothing is sealed or signed
    directory: Directory | None = None  # of cells, where there are several
    witness: Path | None = None  # where this host keeps what the database has confirmed


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


async def _master_key(settings: Settings, url: str) -> bytes:
    """Give the master key, before anything is written; one is made for a database without any.

    Raises `AnotherMasterKey` and `MasterKeyError`.
    """
    try:
        connection = await Servers(url).connect()
    except ValueError as error:  # a port that is no number
        raise asyncpg.ClientConfigurationError(str(error)) from error
    try:
        sealed = await sealed_in(connection)
    finally:
        await connection.close()
    load = read_master_key if sealed else load_or_create
    master = load(settings.key_file, settings.master_key.get_secret_value())
    sealed.refuse_another(master)
    return master


@asynccontextmanager
async def ground(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Ground]:
    """Start or reach the database, load its keys, and migrate it."""
    loops, directory = Loops(), read(settings.cells, settings.cell) if settings.cells else None
    async with AsyncExitStack() as stack:
        settings.data.mkdir(parents=True, exist_ok=True)
        stack.enter_context(_alone(settings.data))
        url = settings.database.get_secret_value()
        owner_url = settings.database_owner.get_secret_value() or url
        if not url:
            embedded = EmbeddedPostgres(settings.data)
            url, owner_url = await embedded.start(), embedded.owner_url
            stack.push_async_callback(embedded.stop)
            embedded.keep_alive(loops)
        url, owner_url = (in_schema(one, settings.database_schema) for one in (url, owner_url))
        master = await _master_key(settings, url)
        for one in dict.fromkeys((owner_url, url)):  # who serves sees that nothing is missing
            await upgrade(one)
        pool = await connect(url)
        stack.push_async_callback(pool.close)
        await warn_of_power(pool)
        await keep(pool, master)
        clock, vault, measures = clock or SystemClock(), Vault(master), Measures()
        access = Access(pool, clock, vault, settings.second_factor_roles, settings.training.needs)
        measures.add(pool, loops, Doors(access.tries.came, lambda: access.hasher.waiting))
        yield Ground(
            settings=settings,
            database=url,
            pool=pool,
            security=SoftwareModule(master),
            vault=vault,
            clock=clock,
            access=access,
            loops=loops,
            measures=measures,
            notary=Notary(master),
            directory=directory,
            witness=settings.data / FOLDER,
        )
