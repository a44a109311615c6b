"""What a process stands on: with another master key than its database's it does not begin."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from annul.app import ground
from annul.security.ciphers import TDES
from annul.security.errors import MasterKeyError
from annul.security.keys import KeyKind
from annul.security.software import SoftwareModule
from annul.settings import Settings
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.master_key import AnotherMasterKey
from annul.store.migrate import upgrade
from annul.store.roles import OWNER
from tests.support.processes import annul
from tests.support.roles import as_owner, as_superuser

_OURS, _OTHER = "0a" * 32, "0b" * 32
_OLDER = "0012"  # the last version that knew no value


def _settings(database: str, folder: Path, key: str = "") -> Settings:
    urls = {"database": database, "database_owner": as_owner(database)}
    return Settings.load(None, data=folder, master_key=key, **urls)


@pytest.fixture
async def older(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """Give a database as an older version left it, with terminals."""
    root = await asyncpg.connect(as_superuser(postgres.url, "postgres"))
    await root.execute(f"CREATE DATABASE older OWNER {OWNER}")
    url = postgres.url.replace("/annul?", "/older?")
    await upgrade(as_owner(url), _OLDER)
    pool = await connect(url, size=1)
    # In the columns of that version: what puts rows in today knows more of them.
    await pool.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category)"
        " VALUES ('898000058120000', '店', 'Shop', '5812')"
    )
    await pool.execute(
        "INSERT INTO terminals (merchant_id, terminal_id) VALUES ('898000058120000', '10000001')"
    )
    key = SoftwareModule(bytes.fromhex(_OURS)).generate(KeyKind.MASTER, TDES)
    await pool.execute(
        "INSERT INTO terminal_keys (merchant_id, terminal_id, kind, algorithm, wrapped,"
        " check_value, issued_at)"
        " VALUES ('898000058120000', '10000001', 'master', $1, $2, $3, now())",
        key.algorithm,
        key.wrapped,
        key.check_value,
    )
    await pool.close()
    yield url
    await root.execute("DROP DATABASE older WITH (FORCE)")
    await root.close()


async def _version(database: str) -> str:
    connection = await asyncpg.connect(database)
    try:
        return await connection.fetchval("SELECT version_num FROM alembic_version")
    finally:
        await connection.close()


async def test_a_database_of_an_older_version_takes_the_key_that_opens_it(
    older: str, tmp_path: Path
) -> None:
    with pytest.raises(AnotherMasterKey):
        async with ground(_settings(older, tmp_path, _OTHER)):
            pytest.fail("it began")
    assert await _version(older) == _OLDER  # nothing was written
    async with ground(_settings(older, tmp_path, _OURS)) as base:
        assert await base.pool.fetchval("SELECT count(*) FROM master_key") == 1
    with pytest.raises(AnotherMasterKey):
        async with ground(_settings(older, tmp_path, _OTHER)):
            pytest.fail("it began")


async def test_no_key_is_made_for_a_database_that_has_one(database: str, tmp_path: Path) -> None:
    async with ground(_settings(database, tmp_path / "first")):
        pass
    with pytest.raises(MasterKeyError, match="there is no local master key"):
        async with ground(_settings(database, tmp_path / "second")):
            pytest.fail("it began")
    assert not (tmp_path / "second" / "master.key").exists()


async def test_a_process_with_another_key_says_so_and_serves_nothing(
    database: str, tmp_path: Path
) -> None:
    async with ground(_settings(database, tmp_path / "first", _OURS)):
        pass
    environment = {"ANNUL_DATABASE": database, "ANNUL_MASTER_KEY": _OTHER}
    for command in ("up", "console"):
        ended = annul(command, f"--data={tmp_path / 'second'}", environment=environment, logs=True)
        assert (ended.status, "annul is up" in ended.out) == (1, False)
        assert "belongs to another local master key" in ended.err
        assert _OTHER not in ended.err
    pool = await connect(database, size=1)
    assert await pool.fetchval("SELECT count(*) FROM hosts") == 0
    await pool.close()
