"""Migration 0021 on a database that was served before: what is there counts as it did."""

from datetime import UTC, date, datetime

import asyncpg
import pytest

from annul.store.embedded import EmbeddedPostgres
from annul.store.migrate import upgrade
from annul.store.migrations.versions import m0021_day
from tests.support.roles import as_superuser

_BEFORE = """
INSERT INTO issuers (issuer_id, name_zh, name_en, host, port)
VALUES ('00000101', '行', 'Bank', '127.0.0.1', 1);
INSERT INTO bins (prefix, issuer_id, card_type) VALUES ('4', '00000101', 'credit');
INSERT INTO merchants (merchant_id, name_zh, name_en, category)
VALUES ('898000058120000', '店', 'Shop', '5812');
INSERT INTO terminals (merchant_id, terminal_id, wants)
VALUES ('898000058120000', '10000001', 'parameters');
INSERT INTO batches (merchant_id, terminal_id, batch, settled_at, balanced, debit_amount,
                     debit_count, credit_amount, credit_count, claimed)
VALUES ('898000058120000', '10000001', '000001', now(), false, 100, 1, 0, 0, repeat('0', 62));
"""
_SOLD = """
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, card_hash, card_masked, card_cipher, card_type, entry_mode,
    condition, issuer_id, rrn, received_at)
VALUES ('898000058120000', gen_random_uuid(), 'sale', 'approved', 'answered', 0, '10000001',
        '000002', '000001', $1, 100, '156', '', '', '', 'credit', '051', '00', '00000101',
        '300000000001', $2)
"""


async def test_what_was_there_is_domestic_and_its_foreign_half_balanced(
    postgres: EmbeddedPostgres,
) -> None:
    administrator = await asyncpg.connect(as_superuser(postgres.url, "postgres"))
    await administrator.execute("CREATE DATABASE older_day TEMPLATE template0 OWNER annul_owner")
    url = postgres.owner_url.replace("/annul?", "/older_day?")
    await upgrade(url, m0021_day.down_revision)
    owner = await asyncpg.connect(url)
    await owner.execute(_BEFORE)
    await owner.execute(_SOLD, date(2026, 11, 26), datetime(2026, 11, 26, tzinfo=UTC))
    await upgrade(url, m0021_day.revision)
    for table in ("bins", "transactions"):
        assert await owner.fetchval(f"SELECT scheme FROM {table}") == "domestic"
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(f"UPDATE {table} SET scheme = 'lunar'")
    batch = await owner.fetchrow("SELECT * FROM batches")
    assert batch is not None
    assert (batch["balanced"], batch["foreign_balanced"]) == (False, True)
    assert (batch["foreign_debit_amount"], batch["foreign_credit_count"]) == (0, 0)
    assert await owner.fetchval("SELECT wants FROM terminals") == "parameters"
    for wish in ("ca_keys", "aids", "sign_in", "update", ""):
        await owner.execute("UPDATE terminals SET wants = $1", wish)
    with pytest.raises(asyncpg.CheckViolationError, match="terminals_wants"):
        await owner.execute("UPDATE terminals SET wants = 'coffee'")
    await owner.close()
    await administrator.execute("DROP DATABASE older_day WITH (FORCE)")
    await administrator.close()
