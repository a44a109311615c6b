-- name: transactions
-- description: The original of a case and everything that refers to it, or the void alone.
SELECT id, kind, state, sent, rrn, trace, issuer_trace, batch, amount, currency, response_code,
       auth_code, why, late_code, reversal_reason, card_masked, issuer_id, received_at,
       answered_at, ended_at
FROM transactions t
WHERE t.merchant_id = :merchant
  AND (t.id = :case OR t.id = :original
       OR (:original::uuid IS NOT NULL AND t.original_id = :original))
ORDER BY received_at;

-- name: entries
-- description: Ledger entries of these transactions.
SELECT subject AS transaction_id, kind AS cause, line, debit, credit, amount, currency,
       business_date, posted_at
FROM entries WHERE merchant_id = :merchant AND subject = ANY (:ids::uuid[])
ORDER BY posted_at, subject, line;

-- name: messages
-- description: Masked messages of these transactions.
SELECT transaction_id, line, direction, at, mti, fields
FROM messages WHERE merchant_id = :merchant AND transaction_id = ANY (:ids::uuid[])
ORDER BY at, transaction_id, line;

-- name: told
-- description: What the terminal and the merchant were told.
SELECT 'terminal ' || terminal_id AS whom, text AS said, created_at, delivered_at
FROM notices WHERE merchant_id = :merchant AND case_id = :case
UNION ALL
SELECT 'merchant ' || merchant_id, payload::text, created_at, delivered_at
FROM notifications WHERE merchant_id = :merchant AND case_id = :case
ORDER BY created_at;
