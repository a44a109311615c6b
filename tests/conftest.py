"""Fixtures shared by all tests: one embedded PostgreSQL, a fresh database for each test."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from hypothesis import settings

from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.migrate import upgrade
from annul.store.temporary import NOT_DURABLE, temporary_folder

_numbers = itertools.count()
settings.register_profile("untimed", deadline=None)  # how long an example takes is no test
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """Run the embedded server for all tests, with a migrated template database."""
    with temporary_folder("annul-test-") as folder:
        server = EmbeddedPostgres(folder, NOT_DURABLE)
        asyncio.run(_start(server))
        yield server
        asyncio.run(server.stop())


async def _start(server: EmbeddedPostgres) -> None:
    await upgrade(await server.start())


@pytest.fixture
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """Give the URL of a fresh, migrated database."""
    name = f"t{next(_numbers)}"
    administrator = await asyncpg.connect(postgres.url.replace("/annul?", "/postgres?"))
    await administrator.execute(f"CREATE DATABASE {name} TEMPLATE annul STRATEGY file_copy")
    yield postgres.url.replace("/annul?", f"/{name}?")
    await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await administrator.close()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    """Give a pool of the application's own role on a fresh database."""
    opened = await connect(database)
    yield opened
    await opened.close()
