"""Migration 0014 over a database in use: users, sessions and keys go on, and say what is known."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from annul.desk.access import Access, hash_of
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.migrate import upgrade
from annul.store.migrations.versions import m0014_factor
from annul.store.roles import OWNER
from tests.support.roles import as_owner, as_superuser

_NOW = datetime.now(UTC)
_BEFORE = """
INSERT INTO users (name, password_hash, role, one_time, created_at) VALUES
    ('admin', 'a', 'administrator', false, now()), ('li.na', 'b', 'auditor', false, now()),
    ('old.hand', 'c', 'auditor', true, now());
INSERT INTO audit (id, at, who, role, action, object, reason) VALUES
    (gen_random_uuid(), now() - interval '9 days', 'admin', 'administrator', 'add-user',
     'user li.na', 'new'),
    (gen_random_uuid(), now(), 'li.na', 'auditor', 'stop-user', 'user old.hand', 'left'),
    (gen_random_uuid(), now(), 'mallory', 'auditor', 'add-user', 'user li.na.two', 'another');
INSERT INTO sign_in_tries (name, address, failures, tried_at, let_in_at) VALUES
    ('li.na', '192.0.2.1', 0, now(), '2026-03-01+00'),
    ('li.na', '192.0.2.2', 0, now(), '2026-02-01+00');
"""
_SESSION = """
INSERT INTO sessions (token_hash, name, csrf, created_at, seen_at, ends_at)
VALUES ($1, 'li.na', 'csrf', now(), now(), now() + interval '1 hour')
"""
_KEY = """
INSERT INTO api_keys (id, key_hash, prefix, name, scopes, created_by, created_at)
VALUES (gen_random_uuid(), $1, 'annul_abc', 'erp', '{cases:read}', 'admin',
        now() - interval '3 years')
"""


@pytest.fixture
async def access(postgres: EmbeddedPostgres) -> AsyncIterator[Access]:
    """Give the users of a database that the version before has worked with."""
    administrator = await asyncpg.connect(as_superuser(postgres.url, "postgres"))
    await administrator.execute(f"CREATE DATABASE before_factor TEMPLATE template0 OWNER {OWNER}")
    url = postgres.url.replace("/annul?", "/before_factor?")
    await upgrade(as_owner(url), m0014_factor.down_revision)
    owner = await asyncpg.connect(as_owner(url))
    await owner.execute(_BEFORE)
    await owner.execute(_SESSION, hash_of("open"))
    await owner.execute(_KEY, hash_of("annul_abcdef"))
    await upgrade(as_owner(url), m0014_factor.revision)
    await owner.close()
    pool = await connect(url)
    yield Access(pool)
    await pool.close()
    await administrator.execute("DROP DATABASE before_factor WITH (FORCE)")
    await administrator.close()


async def test_who_added_a_user_and_when_they_came_is_read_of_what_is_known(access: Access) -> None:
    users = {row["name"]: row for row in await access.users()}
    assert {name: row["made_by"] for name, row in users.items()} == {
        "admin": "",
        "li.na": "admin",
        "old.hand": "",
    }
    assert users["li.na"]["signed_in_at"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert users["admin"]["signed_in_at"] is None
    assert {row["factor_since"] for row in users.values()} == {None}


async def test_what_is_open_stays_open_and_a_key_lasts_a_year_from_now(access: Access) -> None:
    visitor = await access.of_session("open")
    assert visitor is not None
    assert (visitor.name, visitor.step) == ("li.na", "")
    (session,) = await access.sessions("li.na")
    assert (session["address"], session["browser"]) == ("", "")
    assert await access.of_key("annul_abcdef", "192.0.2.9") is not None
    (key,) = await access.keys()
    assert abs(key["ends_at"] - _NOW - timedelta(days=365)) < timedelta(days=2)
    assert key["addresses"] == []
