"""Books as the first version kept them, in any number: what an upgrade has to carry over."""

from typing import Any, Final

MERCHANT: Final = "898000058120000"
MERCHANTS: Final = 20
TERMINALS: Final = 10  # of each

# Of ten rows: five approved sales, one refunded in part and its refund, one voided and its void,
# one declined; and of a hundred, one sale reversed and one void declined in the place of a sale.
_SHOPS: Final = """
INSERT INTO issuers (issuer_id, name_zh, name_en, host, port)
VALUES ('00000101', '示例银行', 'Example Bank', '127.0.0.1', 1);
INSERT INTO bins (prefix, issuer_id, card_type) VALUES ('620001', '00000101', 'debit');
INSERT INTO merchants (merchant_id, name_zh, name_en, category)
SELECT (898000058120000 + m)::text, '示例店', 'Shop ' || m, '5411'
FROM generate_series(0, {merchants} - 1) AS m;
INSERT INTO terminals (merchant_id, terminal_id)
SELECT (898000058120000 + m)::text, (10000001 + t)::text
FROM generate_series(0, {merchants} - 1) AS m, generate_series(0, {terminals} - 1) AS t;
"""
# Ids are those of the numbers, so that what refers to an earlier row needs no look-up.
_ROWS: Final = """
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, undone, original_id, holds, card_hash, card_masked,
    card_cipher, card_type, entry_mode, condition, issuer_id, rrn, fee, auth_code, response_code,
    settlement_date, received_at, answered_at, ended_at)
SELECT (898000058120000 + shop)::text, lpad(to_hex(n), 32, '0')::uuid, kind, state,
    'answered', 0, (10000001 + (n / 10 / {merchants}) % {terminals})::text, '000001',
    lpad((n / 10 / {merchants} / {terminals} * 10 + n % 10)::text, 6, '0'),
    (at AT TIME ZONE 'Asia/Shanghai')::date, amount, '156', undone,
    CASE WHEN kind IN ('void', 'refund') THEN lpad(to_hex(n - 1), 32, '0')::uuid END,
    CASE WHEN kind IN ('void', 'refund') AND state = 'approved' THEN amount ELSE 0 END,
    sha256(('card' || n / 10)::bytea), '620001******0007', '\\x', 'debit', '021', '00', '00000101',
    lpad(n::text, 12, '0'),
    CASE WHEN kind = 'sale' AND state IN ('approved', 'partly_refunded', 'voided') THEN 50
         WHEN kind = 'void' AND state = 'approved' THEN 50
         WHEN kind = 'refund' THEN 20 ELSE 0 END,
    CASE WHEN kind = 'sale' AND state <> 'declined' THEN '123456' ELSE '' END,
    CASE state WHEN 'declined' THEN '51' WHEN 'reversed' THEN '98' ELSE '00' END,
    to_char(at, 'MMDD'), at, at + interval '1 second', at + interval '1 second'
FROM generate_series({first}::bigint, {last}::bigint) AS n,
LATERAL (SELECT
    n / 10 % {merchants} AS shop,
    timestamptz '2026-01-01 00:00:00Z' + n * interval '1 second' AS at,
    CASE n % 10 WHEN 6 THEN 'refund' WHEN 8 THEN 'void' ELSE 'sale' END AS kind,
    CASE n % 10 WHEN 6 THEN 4000 ELSE 10000 END AS amount,
    CASE n % 10 WHEN 5 THEN 4000 WHEN 7 THEN CASE WHEN n % 100 = 97 THEN 0 ELSE 10000 END
        ELSE 0 END AS undone,
    CASE WHEN n % 100 = 98 THEN 'declined' WHEN n % 100 = 97 THEN 'approved'
         WHEN n % 100 = 14 THEN 'reversed'
         WHEN n % 10 = 5 THEN 'partly_refunded' WHEN n % 10 = 7 THEN 'voided'
         WHEN n % 10 = 9 THEN 'declined' ELSE 'approved' END AS state) AS made;
"""
_ENTRIES: Final = """
INSERT INTO entries (merchant_id, transaction_id, cause, line, debit, credit, amount, currency,
    business_date, posted_at)
SELECT t.merchant_id, t.id, 'approval', line,
    CASE WHEN (line = 0) = (t.kind = 'sale') THEN taken ELSE given END,
    CASE WHEN (line = 0) = (t.kind = 'sale') THEN given ELSE taken END,
    CASE line WHEN 0 THEN t.amount ELSE t.fee END, t.currency, t.business_date, t.answered_at
FROM transactions t, generate_series(0, 1) AS line,
LATERAL (SELECT
    CASE line WHEN 0 THEN 'issuer_receivable' ELSE 'fee_income' END AS taken,
    'merchant_pending' AS given) AS accounts
WHERE t.rrn BETWEEN lpad({first}::text, 12, '0') AND lpad({last}::text, 12, '0')
  AND t.state IN ('approved', 'partly_refunded', 'voided');
"""
_BALANCES: Final = """
INSERT INTO merchant_balances (merchant_id, currency, pending)
SELECT merchant_id, '156', sum(CASE 'merchant_pending' WHEN credit THEN amount ELSE -amount END)
FROM entries GROUP BY merchant_id;
"""
# What is on its way: a sale without an answer, whose reversal is owed.
_OWED: Final = """
UPDATE transactions SET state = 'unknown', sent = 'possibly_sent', response_code = '',
    auth_code = '', fee = 0, answered_at = NULL, ended_at = NULL, reversal_reason = '4021'
WHERE rrn = lpad('14', 12, '0');
INSERT INTO outbox (merchant_id, id, transaction_id, kind, issuer_id, card_hash, reason,
    next_attempt_at, created_at)
SELECT merchant_id, gen_random_uuid(), id, 'reversal', issuer_id, card_hash, '4021', received_at,
    received_at
FROM transactions WHERE state = 'unknown';
"""
# A case of the second version for each void that was declined.
CASES: Final = """
INSERT INTO cases (merchant_id, id, number, terminal_id, original_id, kind, amount, currency,
    card_masked, issuer_id, opened_at, due_at, next_action_at, ended, ended_at)
SELECT merchant_id, id, rrn, terminal_id, original_id, kind, amount, currency, card_masked,
    issuer_id, received_at, received_at, received_at, 'refused', received_at
FROM transactions WHERE kind = 'void' AND state = 'declined';
UPDATE transactions SET cased = true WHERE kind = 'void' AND state = 'declined';
"""
_STEP: Final = 100_000


async def fill(connection: Any, rows: int) -> None:
    """Fill a database of the first version with so many transactions, and what belongs to them."""
    places = {"merchants": MERCHANTS, "terminals": TERMINALS}
    await connection.execute(_SHOPS.format(**places))
    for first in range(0, rows, _STEP):
        part = {"first": first, "last": min(first + _STEP, rows) - 1, **places}
        await connection.execute(_ROWS.format(**part), timeout=600)
        await connection.execute(_ENTRIES.format(**part), timeout=600)
    await connection.execute(_BALANCES)
    await connection.execute(_OWED)
    await connection.execute("ANALYZE")
