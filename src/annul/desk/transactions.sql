-- A search asks only what is wanted: the conditions below are put together by name, so that each
-- plan is that of a plain look-up. An index serves reference number, voucher number and time; what
-- goes by none of these walks back from the latest.

-- name: columns
-- description: What is shown of a transaction.
t.merchant_id, t.id, t.kind, t.origin, t.state, t.sent, t.terminal_id, t.batch, t.trace,
t.business_date,
t.amount, t.currency, t.undone, t.original_id, t.card_masked, t.card_type, t.issuer_id, t.rrn,
t.issuer_trace, t.auth_code, t.response_code, t.entry_mode, t.fee, t.why, t.late_code,
t.reversal_reason, t.received_at, t.answered_at, t.ended_at,
coalesce((SELECT o.asked_by FROM orders o WHERE o.merchant_id = t.merchant_id AND o.id = t.id), '')
    AS asked_by,
coalesce((SELECT o.decided_by FROM orders o WHERE o.merchant_id = t.merchant_id AND o.id = t.id),
         '') AS approved_by,
coalesce((SELECT m.name_zh FROM merchants m WHERE m.merchant_id = t.merchant_id), '')
    AS merchant_zh,
coalesce((SELECT m.name_en FROM merchants m WHERE m.merchant_id = t.merchant_id), '')
    AS merchant_en,
coalesce((SELECT i.name_zh FROM issuers i WHERE i.issuer_id = t.issuer_id), '') AS issuer_zh,
coalesce((SELECT i.name_en FROM issuers i WHERE i.issuer_id = t.issuer_id), '') AS issuer_en;

-- name: search
-- description: Transactions by the conditions that are wanted, the latest or the oldest first.
SELECT {columns} FROM transactions t
WHERE {conditions}
ORDER BY t.received_at {way}, t.id {way} LIMIT :limit;

-- name: rrn
-- description: With this reference number (field 37).
t.rrn = :rrn;

-- name: trace
-- description: With this voucher number (field 11).
t.trace = lpad(:trace, 6, '0');

-- name: terminal
-- description: Of this terminal.
t.terminal_id = :terminal;

-- name: merchant
-- description: Of this merchant.
t.merchant_id = :merchant;

-- name: seen
-- description: Of the merchant that somebody is bound to.
t.merchant_id = :seen;

-- name: issuer
-- description: Of this issuer.
t.issuer_id = :issuer;

-- name: kind
-- description: Of this kind.
t.kind = :kind;

-- name: state
-- description: In this state.
t.state = :state;

-- name: last4
-- description: Of cards that end like this.
right(t.card_masked, 4) = :last4;

-- name: amount
-- description: Of exactly this amount in minor units.
t.amount = :amount;

-- name: since
-- description: Received at this moment or later.
t.received_at >= :since;

-- name: until
-- description: Received before this moment.
t.received_at < :until;

-- name: after
-- description: After the last row of a page: its time and its id.
(t.received_at, t.id) {beyond} (:after_at, :after_id::uuid);

-- name: find
-- description: One transaction by id, whoever its merchant is.
SELECT merchant_id, original_id FROM transactions WHERE id = :id;

-- name: chain
-- description: What a transaction began with, and everything that refers to it.
WITH RECURSIVE up AS (
    SELECT id, original_id, 0 AS steps FROM transactions WHERE merchant_id = :merchant AND id = :id
    UNION ALL
    SELECT t.id, t.original_id, up.steps + 1
    FROM up JOIN transactions t ON t.id = up.original_id AND t.merchant_id = :merchant
    WHERE up.steps < 8
), whole AS (
    (SELECT id FROM up ORDER BY steps DESC LIMIT 1)
    UNION
    SELECT t.id
    FROM whole JOIN transactions t ON t.original_id = whole.id AND t.merchant_id = :merchant
)
SELECT {columns}
FROM whole w JOIN transactions t ON t.id = w.id AND t.merchant_id = :merchant
ORDER BY t.received_at, t.id;

-- name: entries
-- description: Ledger rows of these transactions, oldest first.
SELECT subject AS transaction_id, kind AS cause, line, debit, credit, amount, currency,
       business_date, posted_at
FROM entries WHERE merchant_id = :merchant AND subject = ANY (:ids::uuid[])
ORDER BY posted_at, subject, line;

-- name: kept
-- description: What a terminal gave of a transaction after it: its signature, what its chip said.
SELECT
    (SELECT coalesce(sum(size), 0)::integer FROM signatures s
     WHERE s.merchant_id = t.merchant_id AND s.transaction_id = t.id) AS signature_size,
    (SELECT coalesce(array_agg(encode(digest, 'hex') ORDER BY part), '{}') FROM signatures s
     WHERE s.merchant_id = t.merchant_id AND s.transaction_id = t.id) AS signature_digests,
    (SELECT coalesce(array_agg(chip ORDER BY received_at), '{}') FROM script_results r
     WHERE r.merchant_id = t.merchant_id AND r.transaction_id = t.id) AS script_results,
    u.approved AS chip_approved, coalesce(u.chip, '') AS chip
FROM transactions t
LEFT JOIN ic_uploads u ON u.merchant_id = t.merchant_id AND u.terminal_id = t.terminal_id
 AND u.batch = t.batch AND u.trace = t.trace
WHERE t.merchant_id = :merchant AND t.id = :id;

-- name: case_number
-- description: The case of any of these transactions, an open one before one that has ended.
SELECT number FROM cases
WHERE merchant_id = :merchant AND (original_id = ANY (:ids::uuid[]) OR id = ANY (:ids::uuid[]))
ORDER BY (ended = '') DESC, opened_at DESC LIMIT 1;
