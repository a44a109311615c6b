"""Migrating as who may and as who may not: it says what is missing, and changes nothing then."""

import itertools
from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg
import pytest
from structlog.testing import capture_logs

from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.migrate import MigrationsDue, upgrade
from annul.store.roles import OWNER, RightsMissing
from tests.support.roles import as_owner, as_superuser

_VERSION: Final = "SELECT version_num FROM alembic_version"
_numbers = itertools.count()


@pytest.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """Give the URL to serve a database from that has no table yet."""
    name = f"empty{next(_numbers)}"
    superuser = await asyncpg.connect(as_superuser(postgres.url, "postgres"))
    await superuser.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {OWNER}")
    yield postgres.url.replace("/annul?", f"/{name}?")
    await superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await superuser.close()


async def _ask(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_a_second_migration_changes_nothing(database: str) -> None:
    await upgrade(as_owner(database))
    assert await _ask(database, "SELECT count(*) FROM alembic_version") == 1


async def test_who_serves_migrates_nothing_and_says_who_has_to(empty: str) -> None:
    with pytest.raises(MigrationsDue, match=r"annul may not migrate the database empty\d+: perm"):
        await upgrade(empty)
    await upgrade(as_owner(empty), "0011")
    with pytest.raises(MigrationsDue, match="permission denied for schema public") as told:
        await upgrade(empty)
    assert "database_owner" in told.value.next_step
    assert await _ask(empty, _VERSION) == "0011"
    await upgrade(as_owner(empty))
    await upgrade(empty)


async def test_a_url_may_name_several_hosts_of_which_one_is_away(empty: str) -> None:
    """A standby that was promoted is found by itself, to migrate as to serve."""
    several = empty.replace("?host=", "?host=/nowhere,") + "&target_session_attrs=read-write"
    await upgrade(as_owner(several))
    pool = await connect(several)
    assert await pool.fetchval("SELECT count(*) FROM hosts") == 0
    await pool.close()


async def test_a_right_that_is_missing_is_named_and_granted_by_the_owner(
    database: str, table_owner: asyncpg.Pool
) -> None:
    await table_owner.execute("REVOKE INSERT ON audit FROM annul")
    with pytest.raises(RightsMissing, match=r"GRANT INSERT ON TABLE public\.audit TO annul"):
        await upgrade(database)
    await upgrade(as_owner(database))
    await upgrade(database)


async def test_a_right_too_many_stops_nobody_but_is_told(
    database: str, table_owner: asyncpg.Pool
) -> None:
    await table_owner.execute("GRANT DELETE ON audit TO annul")
    with capture_logs() as lines:
        await upgrade(database)
    [line] = lines
    assert line["event"] == "rights_too_wide"
    assert line["owed"] == ["REVOKE DELETE ON TABLE public.audit FROM annul"]
