"""Your own PostgreSQL: an administrator's psql runs what `annul database grants` prints."""

import asyncio
import subprocess
from collections.abc import Iterator

import asyncpg
import pytest

from annul.store.embedded import EmbeddedPostgres
from annul.store.migrate import upgrade
from annul.store.roles import RolesMissing
from tests.support.bare import bare_server
from tests.support.processes import annul


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """Give somebody's server, with an empty database of a role that is nobody special."""
    with bare_server() as server:
        asyncio.run(_opened(server))
        yield server


async def _opened(server: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(server.superuser_url.replace("/annul?", "/postgres?"))
    await connection.execute("CREATE ROLE plain LOGIN")
    await connection.execute("CREATE DATABASE annul OWNER plain")
    await connection.close()


def _psql(
    server: EmbeddedPostgres, script: str, user: str = "postgres"
) -> subprocess.CompletedProcess[str]:
    url = server.superuser_url.replace("//postgres@", f"//{user}@")
    return subprocess.run(
        [str(server._bin / "psql"), url], input=script, capture_output=True, text=True, check=False
    )


async def _sees(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_the_script_makes_the_roles_and_hands_over_what_is_there(
    server: EmbeddedPostgres,
) -> None:
    with pytest.raises(RolesMissing) as told:
        await upgrade(server.owner_url.replace("//annul_owner@", "//plain@"))
    assert "annul database grants | psql" in told.value.next_step
    script = annul("database", "grants").out
    for _ in range(2):  # it may be run again
        done = _psql(server, script)
        assert (done.returncode, done.stderr) == (0, "")
    await upgrade(server.owner_url)
    await upgrade(server.url)
    owner = "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'audit'"
    assert await _sees(server.url, owner) == "annul_owner"

    # Granted at once too, where annul knows the serving role alone.
    superuser = await asyncpg.connect(server.superuser_url)
    await superuser.execute("REVOKE SELECT ON audit FROM annul; GRANT plain TO annul")
    await superuser.close()
    assert _psql(server, script).returncode == 0
    await upgrade(server.url)
    assert (
        await _sees(
            server.url, "SELECT count(*) FROM pg_auth_members WHERE member = 'annul'::regrole"
        )
        == 0
    )


async def test_it_stops_at_what_it_may_not_do(server: EmbeddedPostgres) -> None:
    done = _psql(server, annul("database", "grants").out, user="plain")
    assert done.returncode == 3
    assert "permission denied to create role" in done.stderr
