"""Who is let into the embedded PostgreSQL, and what becomes of one that older versions made."""

import asyncio
import os
import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.migrate import upgrade
from tests.support.bare import bare_server

_AS_BEFORE: Final = """
CREATE ROLE annul_app NOLOGIN;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO annul_app;
REVOKE UPDATE, DELETE ON entries, case_events, audit, messages, deliveries FROM annul_app;
CREATE SEQUENCE numbers;
CREATE TABLE numbered (x serial, y integer GENERATED ALWAYS AS IDENTITY);
CREATE VIEW seen AS SELECT who FROM audit;
CREATE MATERIALIZED VIEW kept AS SELECT who FROM audit;
CREATE TYPE light AS ENUM ('red', 'green');
CREATE DOMAIN small AS integer CHECK (VALUE < 10);
CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * $1';
CREATE EXTENSION pg_trgm;
INSERT INTO audit (id, at, who, role, action, object, reason)
VALUES (gen_random_uuid(), now(), 'sue', 'support', 'note', 'V1', 'why');
"""
_OWNERS: Final = """
SELECT DISTINCT owned_by::regrole::text FROM (
    SELECT datdba FROM pg_database WHERE datname = 'annul'
    UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname = 'public'
    UNION ALL SELECT relowner FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT typowner FROM pg_type t WHERE typnamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = t.oid AND deptype = 'e')
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = t.typelem AND deptype = 'e')
    UNION ALL SELECT proowner FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
) AS things (owned_by)
"""
_WITHIN_S: Final = 10


@pytest.fixture
def older() -> Iterator[EmbeddedPostgres]:
    """Give a server that runs as older versions left it: everybody is the superuser."""
    with bare_server() as server:
        asyncio.run(_filled(server))
        yield server


async def _filled(server: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(server.superuser_url.replace("/annul?", "/postgres?"))
    await connection.execute("CREATE DATABASE annul")
    await connection.close()
    await upgrade(server.superuser_url)
    connection = await asyncpg.connect(server.superuser_url)
    await connection.execute("DROP OWNED BY annul, annul_owner; DROP ROLE annul, annul_owner")
    await connection.execute(_AS_BEFORE)
    await connection.close()


async def _is_served(server: EmbeddedPostgres, url: str) -> None:
    await upgrade(server.owner_url)
    superuser = await asyncpg.connect(server.superuser_url)
    assert [row[0] for row in await superuser.fetch(_OWNERS)] == ["annul_owner"]
    assert await superuser.fetch("SELECT FROM pg_roles WHERE rolname = 'annul_app'") == []
    await superuser.close()
    pool = await connect(url)
    assert await pool.fetchval("SELECT session_user::text") == "annul"
    assert await pool.fetchval("SELECT who FROM audit") == "sue"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("DELETE FROM audit")
    await pool.close()


async def _refuses(url: str) -> None:
    """Wait until a role that nobody is mapped to is refused: who runs learns it a moment later."""
    async with asyncio.timeout(_WITHIN_S):
        while True:
            try:
                await (await asyncpg.connect(url)).close()
            except asyncpg.InvalidAuthorizationSpecificationError as error:
                assert "Peer authentication failed" in str(error)
                return
            await asyncio.sleep(0.01)


async def test_what_older_versions_made_is_served_by_another_role(older: EmbeddedPostgres) -> None:
    await older.stop()
    await _is_served(older, await older.start())
    await _refuses(older.url.replace("//annul@", "//stranger@"))


async def test_one_that_runs_is_taken_over_as_it_runs(older: EmbeddedPostgres) -> None:
    process = older.pid()
    await _is_served(older, await older.start())
    assert older.pid() == process
    await _refuses(older.url.replace("//annul@", "//stranger@"))


async def test_the_map_names_the_user_of_annul_alone(postgres: EmbeddedPostgres) -> None:
    me = pwd.getpwuid(os.geteuid()).pw_name
    assert (postgres.cluster / "pg_hba.conf").read_text() == "local all all peer map=annul\n"
    assert (postgres.cluster / "pg_ident.conf").read_text() == (
        f'annul "{me}" postgres\nannul "{me}" annul_owner\nannul "{me}" annul\n'
    )
    await _refuses(postgres.url.replace("//annul@", "//stranger@"))


@pytest.mark.parametrize("role", ["postgres", "annul_owner", "annul"])
def test_another_user_is_not_let_in_by_a_socket_that_it_can_reach(
    postgres: EmbeddedPostgres, role: str
) -> None:
    """Root tries it as somebody else; who is not root has only the folder that nobody enters."""
    sockets = postgres._sockets()
    assert [oct(folder.stat().st_mode & 0o777) for folder in (sockets.parent, sockets)] == [
        "0o700",
        "0o700",
    ]
    if os.geteuid() != 0:
        return
    opened = (sockets.parent, sockets, *sockets.glob(".s.PGSQL.*[0-9]"))
    for path in opened:
        path.chmod(0o777)
    try:
        for user in ("nobody", "annul-postgres"):
            assert f'Peer authentication failed for user "{role}"' in _tried(postgres, user, role)
    finally:
        for path in opened:
            path.chmod(0o700)


def _tried(server: EmbeddedPostgres, user: str, role: str) -> str:
    """Connect as another user of the operating system; give what psql complains of."""
    psql = Path(server._bin) / "psql"
    command = [str(psql), "-h", str(server._sockets()), "-U", role, "-c", "SELECT 1", "annul"]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, user=user, cwd="/", env={}
    ).stderr
