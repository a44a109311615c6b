"""No batch reads a table that grows from end to end, however much is in it."""

import re
from typing import Final

import asyncpg

from annul.domain.retention import RETENTION
from annul.store.retention import SQL
from tests.support.roles import as_superuser

# Tables that grow with what is done, each with more rows than the planner cares to read.
_MANY: Final = """
CREATE TEMP TABLE many AS
SELECT n, gen_random_uuid() AS id, timestamptz '2024-06-01' + n * interval '20 minutes' AS at
FROM generate_series(1, 30000) AS n;

INSERT INTO merchants (merchant_id, name_zh, name_en, category)
VALUES ('898000058120000', '店', 'Shop', '5812');

INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, original_id, holds, card_hash, card_masked, card_cipher,
    card_type, entry_mode, condition, issuer_id, rrn, received_at)
SELECT '898000058120000', id, 'sale', 'approved', 'answered', 0, '', '1', n::text, '2026-01-01', 1,
       '156', NULL, 0, '', '', 'x', 'debit', '', '', '1', n::text, at
FROM many;

INSERT INTO outbox (merchant_id, id, transaction_id, original_id, kind, issuer_id, card_hash,
                    reason, pending, next_attempt_at, created_at)
SELECT '898000058120000', id, id, id, 'advice', '', '', '', false, at, at FROM many;

INSERT INTO cases (merchant_id, id, number, terminal_id, original_id, kind, amount, currency,
    card_masked, issuer_id, opened_at, first_due_at, due_at, next_action_at, ended, ended_at)
SELECT '', id, '', '', id, '', 1, '', '', '', at, at, at, at, 'refused', at FROM many;

INSERT INTO refusals (merchant_id, id, terminal_id, kind, batch, trace, rrn, amount, card_masked,
                      response_code, rule, received_at, business_date, cased)
SELECT '', id, '', '', '', '', '', 1, 'x', '', '', at, '2026-01-01', true FROM many;

INSERT INTO webhook_outbox (merchant_id, id, webhook_id, notification_id, since, next_attempt_at)
SELECT '', id, id, id, at, at FROM many;

INSERT INTO deliveries (merchant_id, id, webhook_id, notification_id, delivery_id, at, attempt,
                        took_ms)
SELECT '', id, id, id, id, at, 1, 1 FROM many;

INSERT INTO messages SELECT '', id, 0, '', at, '', '{}' FROM many;
INSERT INTO signatures SELECT '', id, 0, 1, '', '', at FROM many;
INSERT INTO notices SELECT '', id, '', id, '', at FROM many;
INSERT INTO notifications SELECT '', id, id, '', '{}', at, at, at FROM many;
INSERT INTO audit SELECT id, at, '', '', '', '', '' FROM many;
INSERT INTO idempotency SELECT '', n::text, '', 200, '{}', at FROM many;
INSERT INTO terminal_stats SELECT '', '', at FROM many;
INSERT INTO issuer_stats
SELECT '', 0, at, 1, 1, 0, 0, 0, 0, 0, 0, '{}', 0, 0, '{}', '[]' FROM many;

INSERT INTO channels
SELECT id, 'x', 'mail', '', 'en', 1, 'notice', '{}', '0:00', '0:00', false, true, '', at
FROM many WHERE n = 1;
INSERT INTO notice_outbox
SELECT c.id, m.id, '', 1, 0, '', '', '{}', m.at, m.at, 0, NULL, 'told' FROM many m, channels c;
INSERT INTO notice_log SELECT m.id, m.id, c.id, m.at, 'told', '{}', '' FROM many m, channels c;

ANALYZE;
SET plan_cache_mode = force_generic_plan;
"""
_GROW: Final = frozenset(re.findall(r"INSERT INTO (\w+)", _MANY)) - {"merchants", "channels"}


def _statement(subject: str, functions: dict[str, str]) -> tuple[str, int]:
    """Give the statement of a subject, or of the function that it calls, and its parameters."""
    body = functions.get(f"purge_{subject}")
    if body is None:
        return SQL[subject].sql, len(SQL[subject].parameters)
    body = re.sub(r"\bmost\b", "$2::integer", re.sub(r"\bbefore\b", "$1::timestamptz", body))
    return body.strip().rstrip(";"), 2


async def test_no_batch_reads_a_table_that_grows_from_end_to_end(database: str) -> None:
    owner = await asyncpg.connect(as_superuser(database))
    await owner.execute(_MANY)
    rows = await owner.fetch("SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'purge_%'")
    functions = {row["proname"]: row["prosrc"] for row in rows}
    read: dict[str, str] = {}
    for one in RETENTION:
        sql, values = _statement(one.subject, functions)
        await owner.execute(f"PREPARE {one.subject}_ AS {sql}")
        nothing = ", ".join(["NULL"] * values)
        rows = await owner.fetch(f"EXPLAIN EXECUTE {one.subject}_ ({nothing})")
        plan = "\n".join(row[0] for row in rows)
        whole = _GROW & set(re.findall(r"Seq Scan on (\w+)", plan))
        if whole or (one.tables[0] in _GROW and "Sort Key" in plan):
            read[one.subject] = plan
    await owner.close()
    assert len(functions) == 5
    assert read == {}, "\n".join(read.values())
