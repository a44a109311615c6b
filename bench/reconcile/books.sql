-- A day of transactions in the books, and among them what a clearing file will tell otherwise.

-- name: rates
-- description: What a transaction costs and earns.
INSERT INTO fee_rates (pricing, card_type, party, valid_from, rate_ppm)
VALUES ('standard', 'debit', 'merchant', '2026-01-01', 5000),
       ('standard', 'debit', 'issuer', '2026-01-01', 3500),
       ('standard', 'debit', 'network', '2026-01-01', 325)
ON CONFLICT DO NOTHING;

-- name: merchants
-- description: Shops, by numbers.
INSERT INTO merchants (merchant_id, name_zh, name_en, category)
SELECT lpad(n::text, 15, '0'), '店', 'shop', '5812' FROM generate_series(0, :merchants::integer - 1) n;

-- name: cards
-- description: Where cards are kept for a while.
CREATE UNLOGGED TABLE cards (card integer, hash bytea, masked text);

-- name: planned
-- description: What becomes of the n-th transaction of the day, by which books and file are made.
-- Ids are as annul makes them: of a time, and then of a number.
CREATE UNLOGGED TABLE planned AS
SELECT n, what, back, lpad((n % :merchants)::text, 15, '0') AS merchant_id,
       lpad((10000000 + n % :merchants)::text, 8, '0') AS terminal_id,
       lpad((n / :merchants * 2)::text, 6, '0') AS trace, lpad((n / :merchants * 2 + 1)::text, 6, '0') AS void_trace,
       '3' || lpad(n::text, 11, '0') AS rrn, '4' || lpad(n::text, 11, '0') AS void_rrn,
       n % :cards::integer AS card, 1000 + n % 9000 AS amount, 5 + n % 45 AS cost, at,
       {id} AS id, {void_id} AS void_id
FROM generate_series(1, :rows::bigint) n CROSS JOIN LATERAL (
    SELECT CASE WHEN n % (:rows / :unknowns) = :unknown_at
                THEN CASE n / (:rows / :unknowns) % 2 WHEN 0 THEN 'unknown_sale' ELSE 'unknown_void' END
                ELSE coalesce((:places::text[])[n % :one_in + 1], '') END AS what,
           n / (:rows / :unknowns) % 4 > 1 AS back
) is_it CROSS JOIN LATERAL (
    SELECT CASE what WHEN 'carried' THEN :began::timestamptz + interval '22 hours'
                     ELSE :began::timestamptz + n * interval '20 hours' / :rows END AS at) came;

-- name: columns
-- description: Part: columns of a transaction.
merchant_id, id, kind, state, sent, node, terminal_id, batch, trace, issuer_trace,
    business_date, amount, currency, undone, undoing, original_id, holds, card_hash, card_masked,
    card_type, entry_mode, condition, issuer_id, rrn, fee, auth_code, response_code, received_at,
    answered_at, ended_at;

-- name: sales
-- description: Write the sales of a part of the day.
INSERT INTO transactions ({columns})
SELECT p.merchant_id, p.id, 'sale', state, CASE state WHEN 'unknown' THEN 'possibly_sent' ELSE 'answered' END,
       0, terminal_id, '000001', trace, trace, :day::date, amount,
       CASE what WHEN 'currency' THEN '840' ELSE '156' END,
       CASE WHEN what IN ('unvoided', 'voided', 'unknown_void') THEN amount ELSE 0 END,
       CASE what WHEN 'unknown_void' THEN amount ELSE 0 END, NULL, 0, c.hash, c.masked,
       'debit', '012', '00', '00000101', rrn, CASE state WHEN 'approved' THEN 5 ELSE 0 END,
       CASE WHEN state IN ('approved', 'voided') THEN right(rrn, 6) ELSE '' END,
       CASE state WHEN 'unknown' THEN '' WHEN 'declined' THEN '05' ELSE '00' END,
       at, CASE WHEN state <> 'unknown' THEN at END, CASE WHEN state <> 'unknown' THEN at END
FROM planned p JOIN cards c ON c.card = p.card CROSS JOIN LATERAL (
    SELECT CASE what WHEN 'unknown_sale' THEN 'unknown' WHEN 'declined' THEN 'declined'
                     WHEN 'unvoided' THEN 'voided' WHEN 'voided' THEN 'voided' ELSE 'approved' END) s (state)
WHERE what <> 'missing_here' AND n BETWEEN :first AND :last
ORDER BY n;

-- name: voids
-- description: Write the voids of the day.
INSERT INTO transactions ({columns})
SELECT p.merchant_id, p.void_id, 'void', state, CASE state WHEN 'unknown' THEN 'possibly_sent' ELSE 'answered' END,
       0, terminal_id, '000001', void_trace, void_trace, :day::date, amount, '156', 0, 0, p.id,
       amount, c.hash, c.masked, 'debit', '012', '00', '00000101', void_rrn, 0, right(void_rrn, 6),
       CASE state WHEN 'unknown' THEN '' ELSE '00' END, at + interval '10 minutes',
       CASE state WHEN 'approved' THEN at END, CASE state WHEN 'approved' THEN at END
FROM planned p JOIN cards c ON c.card = p.card CROSS JOIN LATERAL (
    SELECT CASE what WHEN 'unknown_void' THEN 'unknown' ELSE 'approved' END) s (state)
WHERE what IN ('unvoided', 'voided', 'unknown_void') ORDER BY n;

-- name: entries
-- description: Write the entries of what stands.
INSERT INTO entries
SELECT t.merchant_id, t.id, 'approval', line, CASE t.kind WHEN 'sale' THEN one ELSE other END,
       CASE t.kind WHEN 'sale' THEN other ELSE one END, l.amount, t.currency, t.business_date, t.received_at
FROM transactions t JOIN planned p ON p.id = CASE t.kind WHEN 'sale' THEN t.id ELSE t.original_id END
CROSS JOIN LATERAL (VALUES
    (1, 'issuer_receivable', 'merchant_pending', t.amount),
    (2, 'merchant_pending', 'fee_income', 5::bigint),
    (3, 'scheme_cost', 'scheme_payable', p.cost)) l (line, one, other, amount)
WHERE t.state IN ('approved', 'voided') AND p.n BETWEEN :first AND :last
ORDER BY p.n, t.kind, line;

-- name: owed
-- description: What issuers are owed: the reversals of what nobody knows.
INSERT INTO outbox (merchant_id, id, transaction_id, kind, issuer_id, card_hash, reason, attempts,
                    next_attempt_at, created_at, original_id)
SELECT merchant_id, gen_random_uuid(), id, 'reversal', issuer_id, card_hash, '98', 3,
       received_at + interval '2 days', received_at, coalesce(original_id, id)
FROM transactions WHERE state = 'unknown';

-- name: cases
-- description: The cases of voids that nobody knows.
INSERT INTO cases (merchant_id, id, number, terminal_id, original_id, kind, amount, currency, card_masked,
                   issuer_id, opened_at, due_at, first_due_at, next_action_at)
SELECT merchant_id, id, rrn, terminal_id, original_id, kind, amount, currency, card_masked, issuer_id,
       received_at, received_at + interval '2 days', received_at + interval '2 days',
       received_at + interval '2 days'
FROM transactions WHERE state = 'unknown' AND kind = 'void';

-- name: balances
-- description: What merchants have by all entries.
INSERT INTO merchant_balances (merchant_id, currency, pending)
SELECT merchant_id, currency, sum(CASE 'merchant_pending' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END)
FROM entries GROUP BY merchant_id, currency;

-- name: id
-- description: Part: an id of a moment `at` and a number.
(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid;

-- name: void_id
-- description: Part: an id of a moment `at` and a number.
(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008' || lpad(to_hex(n + (1::bigint << 40)), 15, '0'))::uuid;
