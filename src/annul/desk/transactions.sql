-- A search asks only what is wanted: the conditions below are put together by name, so that each
-- plan is that of a plain look-up. An index serves reference number, voucher number and time; what
-- goes by none of these walks back from the latest.

-- name: search
-- description: Transactions, the latest first, by the conditions that are wanted.
SELECT t.merchant_id, t.id, t.kind, t.state, t.sent, t.terminal_id, t.batch, t.trace,
       t.business_date, t.amount, t.currency, t.undone, t.original_id, t.card_masked, t.card_type,
       t.issuer_id, t.rrn, t.issuer_trace, t.auth_code, t.response_code, t.entry_mode, t.fee, t.why,
       t.late_code,
       t.reversal_reason, t.received_at, t.answered_at, t.ended_at
FROM transactions t
WHERE {conditions}
ORDER BY t.received_at DESC, t.id DESC LIMIT {limit};

-- name: rrn
-- description: With this reference number (field 37).
t.rrn = {value};

-- name: trace
-- description: With this voucher number (field 11).
t.trace = lpad({value}, 6, '0');

-- name: terminal
-- description: Of this terminal.
t.terminal_id = {value};

-- name: merchant
-- description: Of this merchant.
t.merchant_id = {value};

-- name: kind
-- description: Of this kind.
t.kind = {value};

-- name: state
-- description: In this state.
t.state = {value};

-- name: last4
-- description: Of cards that end like this.
right(t.card_masked, 4) = {value};

-- name: amount
-- description: Of exactly this amount in minor units.
t.amount = {value};

-- name: since
-- description: Received at this moment or later.
t.received_at >= {value};

-- name: until
-- description: Received before this moment.
t.received_at < {value};

-- name: after
-- description: After the last row of a page: its time and its id.
(t.received_at, t.id) < ({value}, {more}::uuid);

-- name: find
-- description: One transaction by id ($1), whoever its merchant is.
SELECT merchant_id, original_id FROM transactions WHERE id = $1;

-- name: chain
-- description: What a transaction ($2 of merchant $1) began with, and everything that refers to it.
WITH RECURSIVE up AS (
    SELECT id, original_id, 0 AS steps FROM transactions WHERE merchant_id = $1 AND id = $2
    UNION ALL
    SELECT t.id, t.original_id, up.steps + 1
    FROM up JOIN transactions t ON t.id = up.original_id AND t.merchant_id = $1
    WHERE up.steps < 8
), whole AS (
    (SELECT id FROM up ORDER BY steps DESC LIMIT 1)
    UNION
    SELECT t.id FROM whole JOIN transactions t ON t.original_id = whole.id AND t.merchant_id = $1
)
SELECT t.merchant_id, t.id, t.kind, t.state, t.sent, t.terminal_id, t.batch, t.trace,
       t.business_date, t.amount, t.currency, t.undone, t.original_id, t.card_masked, t.card_type,
       t.issuer_id, t.rrn, t.issuer_trace, t.auth_code, t.response_code, t.entry_mode, t.fee, t.why,
       t.late_code,
       t.reversal_reason, t.received_at, t.answered_at, t.ended_at
FROM whole w JOIN transactions t ON t.id = w.id AND t.merchant_id = $1
ORDER BY t.received_at, t.id;

-- name: entries
-- description: Ledger rows of these transactions, oldest first.
SELECT subject AS transaction_id, kind AS cause, line, debit, credit, amount, currency, business_date,
       posted_at
FROM entries WHERE merchant_id = $1 AND subject = ANY ($2::uuid[])
ORDER BY posted_at, subject, line;

-- name: case_number
-- description: The case of any of these transactions, an open one before one that has ended.
SELECT number FROM cases
WHERE merchant_id = $1 AND (original_id = ANY ($2::uuid[]) OR id = ANY ($2::uuid[]))
ORDER BY (ended = '') DESC, opened_at DESC LIMIT 1;
