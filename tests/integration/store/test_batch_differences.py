"""Migration 0035 where batches differed before: their rows are found, or it is over."""

import json
from datetime import UTC, date, datetime

import asyncpg

from annul.store.embedded import EmbeddedPostgres
from annul.store.migrate import upgrade
from annul.store.migrations.versions import m0035_batch_differences as here
from tests.support.roles import as_superuser

_AT = datetime(2026, 11, 26, tzinfo=UTC)
_BEFORE = """
INSERT INTO issuers (issuer_id, name_zh, name_en, host, port)
VALUES ('00000101', '行', 'Bank', '127.0.0.1', 1);
INSERT INTO merchants (merchant_id, name_zh, name_en, category)
VALUES ('898000058120000', '店', 'Shop', '5812');
INSERT INTO terminals (merchant_id, terminal_id) VALUES ('898000058120000', '10000001');
"""
_SETTLED = """
INSERT INTO batches (merchant_id, terminal_id, batch, settled_at, balanced, debit_amount,
                     debit_count, credit_amount, credit_count, claimed, upload_ended)
VALUES ('898000058120000', '10000001', $1, $2, false, 100, 1, 0, 0, '', true)
"""
_SOLD = """
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, card_hash, card_masked, card_cipher, card_type, entry_mode,
    condition, issuer_id, rrn, received_at)
VALUES ('898000058120000', gen_random_uuid(), 'sale', $1, 'answered', 0, '10000001',
        $2, $3, $4, $5, '156', '', '', '', 'credit', '051', '00', '00000101',
        $6, $7)
RETURNING id
"""
_UPLOADED = """
INSERT INTO batch_uploads (merchant_id, terminal_id, batch, trace, card_hash, amount, received_at)
VALUES ('898000058120000', '10000001', $1, $2, '', $3, $4)
"""
_DIFFERED = """
INSERT INTO incidents (merchant_id, id, kind, subject, params, opened_at, closed_at)
VALUES ('898000058120000', gen_random_uuid(), 'batch_differs', $1, $2::jsonb, $3, $4)
"""


async def _sold(owner: asyncpg.Connection, batch: str, trace: str, state: str, amount: int) -> None:
    rrn = f"{batch}{trace}"
    await owner.fetchval(_SOLD, state, batch, trace, date(2026, 11, 26), amount, rrn, _AT)


async def test_an_open_incident_has_its_rows_and_one_that_agrees_now_is_over(
    postgres: EmbeddedPostgres,
) -> None:
    administrator = await asyncpg.connect(as_superuser(postgres.url, "postgres"))
    await administrator.execute("CREATE DATABASE older_rows TEMPLATE template0 OWNER annul_owner")
    url = postgres.owner_url.replace("/annul?", "/older_rows?")
    await upgrade(url, here.down_revision)
    owner = await asyncpg.connect(url)
    await owner.execute(_BEFORE)
    for batch, closed in (("000001", None), ("000002", None), ("000003", _AT)):
        await owner.execute(_SETTLED, batch, _AT)
        params = json.dumps({"terminal": "10000001", "batch": batch, "count": 1})
        await owner.execute(_DIFFERED, f"10000001 {batch}", params, _AT, closed)
        await _sold(owner, batch, "000001", "approved", 100)
    await owner.execute(_UPLOADED, "000002", "000001", 100, _AT)
    await _sold(owner, "000001", "000002", "declined", 200)
    await _sold(owner, "000001", "000003", "voided", 300)
    await _sold(owner, "000001", "000004", "approved", 400)
    for trace, amount in (("000002", 200), ("000003", 301), ("000004", 400), ("000009", 9)):
        await owner.execute(_UPLOADED, "000001", trace, amount, _AT)
    await upgrade(url, here.revision)
    rows = await owner.fetch(
        "SELECT batch, trace, claimed, kept, transaction_id IS NULL AS stranger, found_at"
        " FROM batch_differences ORDER BY batch, trace"
    )
    assert [tuple(row) for row in rows] == [
        ("000001", "000001", None, 100, False, _AT),
        ("000001", "000002", 200, None, False, _AT),
        ("000001", "000003", 301, 300, False, _AT),
        ("000001", "000009", 9, None, True, _AT),
    ]
    still = await owner.fetch("SELECT subject FROM incidents WHERE closed_at IS NULL")
    assert [row["subject"] for row in still] == ["10000001 000001"]
    await owner.close()
    await administrator.execute("DROP DATABASE older_rows WITH (FORCE)")
    await administrator.close()
