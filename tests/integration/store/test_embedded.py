"""The embedded PostgreSQL starts, survives a kill, keeps to its role and stops."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from annul.store.embedded import EmbeddedPostgres


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="annul-embedded-"))
    folder.chmod(0o755)
    embedded = EmbeddedPostgres(folder)
    yield embedded
    await embedded.stop()
    shutil.rmtree(folder)


async def test_what_is_committed_survives_a_kill(server: EmbeddedPostgres) -> None:
    url = await server.start()
    connection = await asyncpg.connect(server.owner_url)
    await connection.execute("CREATE TABLE kept (x int)")
    await connection.execute("INSERT INTO kept VALUES (1)")
    server.kill()
    assert await server.start() == url
    connection = await asyncpg.connect(server.owner_url)
    assert await connection.fetchval("SELECT x FROM kept") == 1
    await connection.close()


async def test_a_running_server_is_adopted(server: EmbeddedPostgres) -> None:
    await server.start()
    first = server.pid()
    await server.start()
    assert server.pid() == first
    await server.stop()
    assert not server.alive()


async def test_the_server_is_told_no_secret_of_annul(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANNUL_MASTER_KEY", "00" * 32)
    await server.start()
    environment = Path(f"/proc/{server.pid()}/environ").read_bytes()
    assert b"ANNUL" not in environment


async def test_commits_are_durable(server: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(await server.start())
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert await connection.fetchval(f"SHOW {setting}") == "on"
    assert await connection.fetchval("SHOW listen_addresses") == ""
    await connection.close()
