"""Who may do what: the role that serves, the one that owns, and everybody else."""

from collections.abc import AsyncIterator
from typing import Final

import asyncpg
import pytest

from annul.store.migrate import upgrade
from annul.store.roles import OWNER, SERVING, grant
from tests.support.roles import as_owner, as_superuser

_WANTED: Final = {
    "alembic_version": {"SELECT"},
    "audit": {"SELECT", "INSERT"},
    "case_events": {"SELECT", "INSERT"},
    "entries": {"SELECT", "INSERT"},
    "transactions": {"SELECT", "INSERT", "UPDATE"},
    "sessions": {"SELECT", "INSERT", "UPDATE", "DELETE"},
}
_ALL: Final = "SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER"
_HELD: Final = f"""
SELECT relname,
       array_agg(privilege) FILTER (WHERE has_table_privilege('{SERVING}', c.oid, privilege)) AS may
FROM pg_class c, unnest(string_to_array('{_ALL}', ' ')) AS privilege
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
GROUP BY relname
"""


_ROLE: Final = """
SELECT rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolinherit, rolreplication, rolbypassrls,
       ARRAY(SELECT roleid FROM pg_auth_members m WHERE m.member = r.oid) AS memberships
FROM pg_roles r WHERE rolname = $1
"""
_OF_EVERYBODY: Final = """
SELECT datname::text FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) a
WHERE datname = current_database() AND a.grantee = 0
UNION ALL
SELECT nspname::text FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a
WHERE nspname = 'public' AND a.grantee = 0
UNION ALL
SELECT relname::text FROM pg_class, aclexplode(relacl) a
WHERE relnamespace = 'public'::regnamespace AND a.grantee = 0
UNION ALL
SELECT proname::text FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) a
WHERE pronamespace = 'public'::regnamespace AND a.grantee = 0
"""
_STRANGERS: Final = f"""
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind <> 't' AND relowner <> '{OWNER}'::regrole
UNION ALL SELECT typname FROM pg_type
WHERE typnamespace = 'public'::regnamespace AND typowner <> '{OWNER}'::regrole
UNION ALL SELECT nspname FROM pg_namespace
WHERE nspname = 'public' AND nspowner <> '{OWNER}'::regrole
"""
_APPEND_ONLY: Final = (
    "audit",
    "batch_uploads",
    "bins",
    "case_events",
    "certificates",
    "chargeback_events",
    "chargeback_evidence",
    "clearing_bad_lines",
    "deliveries",
    "dialects",
    "entries",
    "fee_rates",
    "ic_uploads",
    "incident_events",
    "master_key",
    "messages",
    "notice_log",
    "playbook_steps",
    "playbooks",
    "script_results",
    "seals",
    "returned_later",
    "settlement_terms",
    "cut_overs",
    "signatures",
)
_PUT: Final = """
INSERT INTO audit (id, at, who, role, action, object, reason)
VALUES (gen_random_uuid(), now(), 'sue', 'support', 'note', 'V1', 'why');
INSERT INTO case_events (merchant_id, case_id, line, body, hash)
VALUES ('898000058120000', gen_random_uuid(), 1, '{}', '');
INSERT INTO entries (merchant_id, subject, kind, line, debit, credit, amount, currency,
                     business_date, posted_at)
VALUES ('898000058120000', gen_random_uuid(), 'approval', 1, 'a', 'b', 1, '156', now(), now());
"""
# What a role that serves might be made to say by somebody who has got hold of it.
_REFUSED: Final = (
    # programs and files of the server's machine
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY audit FROM PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/annul'",
    "COPY audit FROM '/etc/passwd'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_read_binary_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/passwd')",
    # code
    "CREATE EXTENSION file_fdw",
    "CREATE EXTENSION pg_trgm",
    "CREATE FUNCTION evil() RETURNS integer LANGUAGE c AS '/lib/libc.so.6', 'getpid'",
    "CREATE FUNCTION evil() RETURNS integer LANGUAGE internal AS 'pg_backend_pid'",
    "CREATE FUNCTION evil() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    # other roles
    "SET ROLE annul_owner",
    "SET ROLE postgres",
    "SET ROLE pg_read_all_data",
    "SET SESSION AUTHORIZATION postgres",
    "GRANT annul_owner TO annul",
    "ALTER ROLE annul SUPERUSER",
    "ALTER ROLE annul CREATEROLE",
    "ALTER ROLE annul_owner PASSWORD 'x'",
    "CREATE ROLE another",
    # tables of its own, and the owner's
    "CREATE TABLE mine (x integer)",
    "CREATE TEMPORARY TABLE mine (x integer)",
    "CREATE SCHEMA mine",
    "CREATE DATABASE mine",
    "ALTER TABLE entries ADD COLUMN x integer",
    "ALTER TABLE entries OWNER TO annul",
    "ALTER TABLE entries DISABLE TRIGGER ALL",
    "CREATE RULE gone AS ON INSERT TO audit DO INSTEAD NOTHING",
    "DROP TABLE audit",
    "UPDATE alembic_version SET version_num = '0001'",
    "DELETE FROM alembic_version",
    # the server
    "ALTER SYSTEM SET fsync = off",
    "SET session_replication_role = replica",
    "SELECT pg_reload_conf()",
    "CHECKPOINT",
)


async def _held(pool: asyncpg.Pool) -> dict[str, set[str]]:
    return {row["relname"]: set(row["may"] or ()) for row in await pool.fetch(_HELD)}


async def test_the_table_of_grants_names_each_table_and_is_what_the_database_says(
    database: str, pool: asyncpg.Pool, table_owner: asyncpg.Pool
) -> None:
    held = await _held(pool)
    assert {table for table, may in held.items() if not may} == set(), "grants.sql does not name it"
    assert {table: held[table] for table in _WANTED} == _WANTED
    assert [
        table for table, may in held.items() if may & {"TRUNCATE", "REFERENCES", "TRIGGER"}
    ] == []
    assert {table for table, may in held.items() if may == {"SELECT", "INSERT"}} == {*_APPEND_ONLY}
    await table_owner.execute("CREATE TABLE later (x integer)")
    await upgrade(as_owner(database))
    assert (await _held(pool))["later"] == set()


async def test_everybody_may_nothing(
    database: str, pool: asyncpg.Pool, table_owner: asyncpg.Pool
) -> None:
    assert await pool.fetch(_OF_EVERYBODY) == []
    await table_owner.execute(
        "CREATE FUNCTION purge() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';"
        "CREATE SEQUENCE numbers; GRANT ALL ON SEQUENCE numbers TO PUBLIC;"
        "GRANT SELECT ON audit TO PUBLIC; GRANT CREATE ON SCHEMA public TO PUBLIC"
    )
    assert len(await pool.fetch(_OF_EVERYBODY)) == 6
    await upgrade(as_owner(database))
    assert await pool.fetch(_OF_EVERYBODY) == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.fetch("SELECT purge()")


@pytest.mark.parametrize("role", [OWNER, SERVING])
async def test_a_role_signs_in_and_is_nothing_else(pool: asyncpg.Pool, role: str) -> None:
    [row] = await pool.fetch(_ROLE, role)
    found = dict(row.items())
    assert found.pop("rolcanlogin") is True
    assert found.pop("memberships") == []
    assert set(found.values()) == {False}


async def test_the_owner_owns_all_of_it(pool: asyncpg.Pool) -> None:
    assert await pool.fetch(_STRANGERS) == []
    assert (
        await pool.fetchval("SELECT session_user || ' ' || current_user") == f"{SERVING} {SERVING}"
    )


@pytest.mark.parametrize("table", _APPEND_ONLY)
async def test_what_stands_can_not_be_rewritten(pool: asyncpg.Pool, table: str) -> None:
    await pool.execute(_PUT)
    column = await pool.fetchval(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum = 1", table
    )
    for statement in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"SELECT FROM {table} FOR UPDATE",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)


@pytest.mark.parametrize("statement", _REFUSED)
async def test_who_has_got_hold_of_it_goes_no_further(pool: asyncpg.Pool, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(statement)


@pytest.fixture
async def superuser(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(as_superuser(database))
    yield connection
    await connection.close()


async def test_granting_again_changes_nothing(database: str, superuser: asyncpg.Connection) -> None:
    state = "SELECT xmin FROM pg_class UNION ALL SELECT xmin FROM pg_database"
    before = await superuser.fetch(state)
    await upgrade(as_owner(database))
    await upgrade(database)
    assert await superuser.fetch(state) == before


async def test_what_was_granted_besides_is_taken_back(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool
) -> None:
    await table_owner.execute(
        "GRANT UPDATE, TRUNCATE ON audit TO annul; REVOKE INSERT ON audit FROM annul"
    )
    async with table_owner.acquire() as connection:
        await grant(connection)
    assert (await _held(pool))["audit"] == {"SELECT", "INSERT"}
