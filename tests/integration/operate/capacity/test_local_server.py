"""A server on this machine, found by the process of a connection."""

import asyncio
import os
import shutil

import asyncpg

from annul.operate.capacity.local_server import LocalServer
from annul.store.embedded import EmbeddedPostgres


async def _backend(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("SELECT pg_backend_pid()")


async def test_its_first_process_is_found_and_its_disk(
    pool: asyncpg.Pool, postgres: EmbeddedPostgres
) -> None:
    server = LocalServer.of(await _backend(pool))
    assert server is not None
    assert server.postmaster == postgres.pid()
    disk = server.disk()
    assert disk is not None
    assert disk.total == shutil.disk_usage(postgres.cluster).total


async def test_what_its_processes_compute_is_counted_also_when_they_have_ended(
    pool: asyncpg.Pool, database: str
) -> None:
    server = LocalServer.of(await _backend(pool))
    assert server is not None
    before = server.cpu_s()
    other = await asyncpg.connect(database)
    await other.execute("SELECT sum(sqrt(n)) FROM generate_series(1, 3000000) n")
    during = server.cpu_s()
    assert during > before
    await other.close()
    async with asyncio.timeout(10):  # until its parent has taken note that it has ended
        while server.cpu_s() < during:
            await asyncio.sleep(0.01)


def test_what_is_no_server_is_none() -> None:
    assert LocalServer.of(os.getpid()) is None
    assert LocalServer.of(2**22 + 1) is None  # there is no such process
