-- What two people conclude by hand. That a conclusion was carried out stands in the audit log, under
-- the conclusion's own id: one row, written after the move, by which nothing is carried out twice.

-- name: known
-- description: Conclusions, and whether they were carried out.
SELECT {shown} FROM conclusions c LEFT JOIN audit a ON a.id = c.id;

-- name: by_id
-- description: The transaction with an id, of a merchant or, empty, any.
SELECT {columns} FROM transactions t
WHERE t.id = :id AND (:merchant = '' OR t.merchant_id = :merchant) LIMIT 2;

-- name: by_rrn
-- description: Transactions with a reference number, of a merchant or, empty, any.
SELECT {columns} FROM transactions t
WHERE t.rrn = :rrn AND (:merchant = '' OR t.merchant_id = :merchant) LIMIT 2;

-- name: timeout
-- description: How long an issuer has to answer, in ms.
SELECT timeout_ms FROM issuers WHERE issuer_id = :issuer;

-- name: look
-- description: A transaction and, in the same moment, whether anything was heard of its money.
SELECT {columns},
       coalesce(t.late_at > :since, false) OR EXISTS (
           SELECT FROM entries e
           WHERE e.merchant_id = :merchant AND e.subject = :id AND e.posted_at > :since) AS heard
FROM transactions t WHERE t.merchant_id = :merchant AND t.id = :id;

-- name: of_transaction
-- description: Conclusions of a transaction, the latest first.
{known}
WHERE c.merchant_id = :merchant AND c.transaction_id = :transaction
ORDER BY c.proposed_at DESC, c.id DESC;

-- name: one
-- description: One conclusion of a transaction.
{known}
WHERE c.merchant_id = :merchant AND c.id = :id AND c.transaction_id = :transaction;

-- name: evidence
-- description: The sealed evidence of a conclusion.
SELECT evidence FROM conclusions WHERE merchant_id = :merchant AND id = :id;

-- name: propose
-- description: Keep a proposal, unless one is open or on its way for this transaction.
INSERT INTO conclusions (merchant_id, id, transaction_id, done, reason, evidence_name,
                         evidence_hash, evidence, proposed_by, proposed_at)
SELECT :merchant, :id, :transaction, :done, :reason, :evidence_name, :evidence_hash, :evidence,
       :who, :now
WHERE NOT EXISTS (
    SELECT FROM conclusions c
    WHERE c.merchant_id = :merchant AND c.transaction_id = :transaction
      AND c.confirmed_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM audit a WHERE a.id = c.id))
ON CONFLICT (transaction_id, merchant_id) WHERE confirmed_at IS NULL AND withdrawn_at IS NULL
DO NOTHING
RETURNING id;

-- name: confirm
-- description: Confirm an open proposal that somebody else has made.
UPDATE conclusions SET confirmed_by = :who, confirmed_at = :now
WHERE merchant_id = :merchant AND id = :id AND confirmed_at IS NULL AND withdrawn_at IS NULL
  AND proposed_by <> :who
RETURNING id;

-- name: withdraw
-- description: Take an open proposal back.
UPDATE conclusions SET withdrawn_at = :now
WHERE merchant_id = :merchant AND id = :id AND confirmed_at IS NULL AND withdrawn_at IS NULL
RETURNING id;

-- name: waiting
-- description: What is confirmed and not carried out, oldest first.
{known}
WHERE c.confirmed_at IS NOT NULL AND a.id IS NULL ORDER BY c.confirmed_at LIMIT 100;

-- name: case_of
-- description: The case of a transaction, of its original or of what refers to it: an open one first.
SELECT {case} FROM cases t
WHERE t.merchant_id = :merchant
  AND (t.id = :id OR t.original_id = :id
       OR (:original::uuid IS NOT NULL AND t.original_id = :original))
ORDER BY t.ended = '' DESC, t.ended = 'unproved' DESC, t.opened_at DESC LIMIT 1;

-- name: close_incidents
-- description: Close what was opened about a transaction's money, and what about its case.
-- This only when nothing else of the case is under way.
WITH ended AS (
    SELECT :merchant::text AS merchant_id, kind, :transaction::uuid::text AS subject,
           :now::timestamptz AS at
    FROM unnest(ARRAY['disputed', 'outcome_unproved', 'conclusion_waits', 'forward_reversal',
                      'forward_advice']) AS kind
    UNION
    SELECT :merchant::text, 'outcome_unproved', :case::uuid::text, :now
    WHERE NOT EXISTS (
        SELECT FROM cases c
        JOIN transactions t ON t.merchant_id = :merchant
         AND (t.id = c.id OR t.id = c.original_id OR t.original_id = c.original_id)
        WHERE c.merchant_id = :merchant AND c.id = :case AND t.state = ANY (:unfinished))
)
{close_ended};

-- name: audit
-- description: Keep who did what and why; false when this was kept before.
INSERT INTO audit (id, at, who, role, action, object, reason, detail)
VALUES (:id, :now, :who, :role, :action, :object, :reason, :detail)
ON CONFLICT (id) DO NOTHING
RETURNING true;

-- name: found
-- description: Part: money whose outcome nobody has proved.
-- Unfinished and over twice its issuer's time-out, disputed, or of a case that ended unproved.
SELECT t.merchant_id, t.id, t.received_at AS since, t.amount, t.currency FROM transactions t
LEFT JOIN issuers i ON i.issuer_id = t.issuer_id
WHERE t.state IN ('received', 'sent', 'unknown', 'reversing')
  AND t.received_at <= :now::timestamptz - 2 * coalesce(i.timeout_ms, 30000) * interval '1 ms'
UNION ALL
SELECT merchant_id, id, received_at, amount, currency FROM transactions WHERE state = 'disputed'
UNION ALL
-- Of a case whose movements have all ended its void stands here: somebody has still to look.
SELECT c.merchant_id, c.id, c.opened_at, c.amount, c.currency FROM cases c
WHERE c.ended = 'unproved' AND NOT EXISTS (
    SELECT FROM transactions t
    WHERE t.merchant_id = c.merchant_id
      AND (t.id = c.id OR t.id = c.original_id OR t.original_id = c.original_id)
      AND t.state IN ('received', 'sent', 'unknown', 'reversing', 'disputed'));

-- name: in_question
-- description: Money in question of a merchant or all, oldest first, after the last row of a page.
SELECT f.merchant_id, f.id, f.since, t.id AS transaction_id, coalesce(t.rrn, c.number) AS rrn,
       coalesce(t.kind, c.kind) AS kind, f.amount, f.currency, coalesce(t.state, '') AS state,
       coalesce(t.issuer_id, c.issuer_id) AS issuer_id,
       coalesce(t.terminal_id, c.terminal_id) AS terminal_id,
       coalesce(t.card_masked, c.card_masked) AS card_masked,
       coalesce(c.number, '') AS case_number, c.ended AS case_ended,
       p.id AS conclusion_id, p.done, coalesce(p.proposed_by, '') AS proposed_by, p.proposed_at,
       coalesce(p.confirmed_by, '') AS confirmed_by
FROM ({found}) f
LEFT JOIN transactions t ON t.merchant_id = f.merchant_id AND t.id = f.id
LEFT JOIN LATERAL (
    SELECT number, kind, issuer_id, terminal_id, card_masked, ended FROM cases c
    WHERE c.merchant_id = f.merchant_id
      AND (c.id = f.id OR c.original_id = f.id OR c.original_id = t.original_id)
    ORDER BY c.ended = '' DESC, c.ended = 'unproved' DESC, c.opened_at DESC LIMIT 1) c ON true
LEFT JOIN LATERAL (
    SELECT c.id, c.done, c.proposed_by, c.proposed_at, c.confirmed_by FROM conclusions c
    LEFT JOIN audit a ON a.id = c.id
    WHERE c.merchant_id = f.merchant_id AND c.transaction_id = f.id AND c.withdrawn_at IS NULL
      AND a.id IS NULL
    ORDER BY c.proposed_at DESC LIMIT 1) p ON true
WHERE (:merchant = '' OR f.merchant_id = :merchant)
  AND (:after_at::timestamptz IS NULL OR (f.since, f.id) > (:after_at, :after_id::uuid))
ORDER BY f.since, f.id LIMIT :limit;

-- name: sums
-- description: How many movements are in question and how much, by currency.
SELECT currency, count(*)::integer AS count, sum(amount)::bigint AS amount
FROM ({found}) f WHERE :merchant = '' OR merchant_id = :merchant
GROUP BY currency ORDER BY currency;
