"""What a process stands on: it migrates as the owner, and serves as who owns nothing."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from annul.app import ground
from annul.settings import Settings
from annul.store.migrate import MigrationsDue, upgrade
from annul.store.roles import RightsMissing
from tests.support.roles import as_owner, as_superuser

_WHO = "SELECT session_user || ' ' || current_user"


async def _stands(folder: Path, **urls: str) -> tuple[str, list[Any]]:
    """Open the ground; give who serves, and the warnings."""
    with capture_logs() as lines:
        async with ground(Settings.load(None, data=folder, **urls)) as base:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await base.pool.execute("DELETE FROM audit")
            return await base.pool.fetchval(_WHO), lines


async def _older(database: str) -> None:
    connection = await asyncpg.connect(as_owner(database))
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    await upgrade(as_owner(database), "0010")


async def test_the_owner_migrates_and_another_role_serves(database: str, tmp_path: Path) -> None:
    await _older(database)
    with pytest.raises(MigrationsDue):
        await _stands(tmp_path, database=database)
    urls = {"database": database, "database_owner": as_owner(database)}
    assert await _stands(tmp_path, **urls) == ("annul annul", [])
    assert await _stands(tmp_path, database=database) == ("annul annul", [])


async def test_a_superuser_who_serves_may_rewrite_nothing_and_somebody_is_told(
    database: str, tmp_path: Path
) -> None:
    who, [warning] = await _stands(tmp_path, database=as_superuser(database))
    assert who == "postgres annul"
    assert warning["event"] == "serving_role_too_strong"
    assert (warning["superuser"], warning["owns_tables"]) == (True, True)


async def test_an_owner_who_serves_is_told_of_too(database: str, tmp_path: Path) -> None:
    superuser = await asyncpg.connect(as_superuser(database))
    with pytest.raises(RightsMissing, match='permission denied to set role "annul"'):
        await _stands(tmp_path, database=as_owner(database))
    await superuser.execute("GRANT annul TO annul_owner")
    try:
        who, [warning] = await _stands(tmp_path, database=as_owner(database))
        assert who == "annul_owner annul"
        assert (warning["superuser"], warning["owns_tables"]) == (False, True)
    finally:
        await superuser.execute("REVOKE annul FROM annul_owner")
        await superuser.close()
