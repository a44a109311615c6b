"""Migration 0010: who asked for a transaction, as the batches of older versions tell it."""

from collections.abc import AsyncIterator
from importlib.resources import files

import asyncpg
import pytest

from annul.domain.records import Origin
from annul.store.embedded import EmbeddedPostgres
from annul.store.migrate import upgrade
from annul.store.migrations.versions import m0010_origin
from tests.support.roles import as_superuser

_VERSIONS = files("annul.store") / "migrations" / "versions"
_SCRIPT = (_VERSIONS / "0010_origin.up.sql").read_text(encoding="utf-8")
_READ = next(part for part in _SCRIPT.split(";") if "UPDATE transactions" in part)
_PUT = """
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, card_hash, card_masked, card_cipher, card_type, entry_mode,
    condition, issuer_id, rrn, received_at)
SELECT '898000058120000', gen_random_uuid(), 'void', 'declined', 'answered', 0, '10000001', $1,
    '000001', '2026-11-23', 1, '156', '', '', '', 'debit', '012', '00', '00000101', $1, now()
"""


@pytest.fixture
async def owner(postgres: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    """Give a database as the version before left it."""
    administrator = await asyncpg.connect(as_superuser(postgres.url, "postgres"))
    await administrator.execute("CREATE DATABASE before TEMPLATE template0 OWNER annul_owner")
    url = postgres.owner_url.replace("/annul?", "/before?")
    await upgrade(url, m0010_origin.down_revision)
    connection = await asyncpg.connect(url)
    for batch in ("000001", "999999", "A00001", "B00001"):
        await connection.execute(_PUT, batch)
    await upgrade(url, m0010_origin.revision)
    yield connection
    await connection.close()
    await administrator.execute("DROP DATABASE before WITH (FORCE)")
    await administrator.close()


async def _origins(owner: asyncpg.Connection) -> dict[str, str]:
    rows = await owner.fetch("SELECT batch, origin FROM transactions")
    return {row["batch"]: row["origin"] for row in rows}


async def test_rows_of_older_versions_are_read_by_their_batch(owner: asyncpg.Connection) -> None:
    assert await _origins(owner) == {
        "000001": "terminal",
        "999999": "terminal",
        "A00001": "resolver",
        "B00001": "program",
    }


async def test_reading_them_again_changes_only_what_is_new(owner: asyncpg.Connection) -> None:
    await owner.execute("UPDATE transactions SET origin = 'person' WHERE batch = 'A00001'")
    for batch in ("A00002", "000002"):
        await owner.execute(_PUT, batch)
    await owner.execute(_READ)
    found = await _origins(owner)
    assert (found["A00001"], found["A00002"]) == ("person", "resolver")
    assert {found[batch] for batch in ("000001", "000002", "999999")} == {"terminal"}


async def test_the_column_takes_what_the_code_knows(owner: asyncpg.Connection) -> None:
    for origin in Origin:
        await owner.execute("UPDATE transactions SET origin = $1", origin)
    with pytest.raises(asyncpg.CheckViolationError, match="transactions_origin"):
        await owner.execute("UPDATE transactions SET origin = 'nobody'")


async def test_an_older_host_opens_nothing_any_more(postgres: EmbeddedPostgres) -> None:
    """What it hands over lacks a field: it is told so, and nothing of it is written."""
    administrator = await asyncpg.connect(as_superuser(postgres.url, "postgres"))
    await administrator.execute("CREATE DATABASE older_host TEMPLATE template0 OWNER annul_owner")
    url = postgres.owner_url.replace("/annul?", "/older_host?")
    await upgrade(url, m0010_origin.down_revision)
    older = await asyncpg.connect(url)
    handed = "SELECT count(*) FROM unnest($1::journal_opening[])"
    row = (None,) * len(await older.fetch(_FIELDS))
    opening = await older.prepare(handed)
    assert await opening.fetchval([row]) == 1
    await upgrade(url, m0010_origin.revision)
    for again in (opening.fetchval([row]), older.fetchval(handed, [row])):
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await again
    await older.close()
    await administrator.execute("DROP DATABASE older_host WITH (FORCE)")
    await administrator.close()


_FIELDS = """
SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
WHERE c.relname = 'journal_opening'
"""
