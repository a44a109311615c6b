"""Fixtures shared by all tests: one embedded PostgreSQL, a fresh database for each test.

Tests work as the role that serves. What it may not do is done as `table_owner`, on purpose.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import asyncpg
import pytest
import structlog
from argon2 import PasswordHasher
from hypothesis import settings

from annul.desk import hashing
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.migrate import upgrade
from annul.store.roles import OWNER, SERVING
from annul.store.temporary import NOT_DURABLE, temporary_folder
from tests.support import processes
from tests.support.nursery import Nursery
from tests.support.roles import as_owner, as_superuser

_numbers = itertools.count()
# As a host logs, in lines: drawn as a picture with all locals, a fault takes longer than its test.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["level", "event"], drop_missing=True),
    ],
    cache_logger_on_first_use=False,
)
settings.register_profile("untimed", deadline=None)  # how long an example takes is no test
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hash passwords at the least cost: what one takes is no test of what comes of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "_ARGON", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def _forked_commands() -> Iterator[None]:
    """Fork annul's commands from a process that has imported it; it begins with the first."""
    with pytest.MonkeyPatch.context() as patch, closing(Nursery()) as nursery:
        patch.setattr(processes, "nursery", nursery)
        yield


@pytest.fixture
def installed_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start annul's commands as an operator does: the installed program, from nothing."""
    monkeypatch.setattr(processes, "nursery", None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """Run the embedded server for all tests, with a migrated template database."""
    with temporary_folder("annul-test-") as folder:
        server = EmbeddedPostgres(folder, NOT_DURABLE)
        asyncio.run(_start(server))
        yield server
        asyncio.run(server.stop())


async def _start(server: EmbeddedPostgres) -> None:
    await server.start()
    await upgrade(server.owner_url)


@pytest.fixture
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """Give the URL to serve a fresh, migrated database from."""
    name = f"t{next(_numbers)}"
    administrator = await asyncpg.connect(as_superuser(postgres.url, "postgres"))
    await administrator.execute(
        f"CREATE DATABASE {name} TEMPLATE annul STRATEGY file_copy OWNER {OWNER}"
    )
    await administrator.execute(  # a template keeps its own
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO {SERVING}"
    )
    yield postgres.url.replace("/annul?", f"/{name}?")
    await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await administrator.close()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    """Give a pool of the role that serves on a fresh database."""
    opened = await connect(database)
    yield opened
    await opened.close()


@pytest.fixture
async def table_owner(database: str) -> AsyncIterator[asyncpg.Pool]:
    """Give a pool of the role that owns the tables: for what no one who serves may do."""
    opened = await connect(as_owner(database), role=None)
    yield opened
    await opened.close()
