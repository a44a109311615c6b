-- Deadlines of chargebacks: those that have passed, and those of which somebody is to be told.

-- name: late
-- description: Chargebacks whose deadline has passed, and which the clock moves; not while people are asked.
SELECT id FROM chargebacks c JOIN merchants m USING (merchant_id)
WHERE c.ended_at IS NULL AND c.due_at <= :now AND c.stage IN ({timed}) AND c.asked = '' AND m.lives = 'here'
ORDER BY c.due_at, c.id LIMIT :limit;

-- name: soon
-- description: Keep that a deadline of ours is near, raise it and tell the merchant; each deadline once.
WITH soon AS (
    SELECT c.merchant_id, c.id FROM chargebacks c JOIN merchants m USING (merchant_id)
    WHERE c.ended_at IS NULL AND c.due_at <= :until AND c.stage IN ({ours}) AND m.lives = 'here'
      AND c.told_due_at IS DISTINCT FROM c.due_at
    ORDER BY c.due_at, c.id LIMIT :limit FOR UPDATE OF c SKIP LOCKED
), told AS (
    UPDATE chargebacks c SET told_due_at = c.due_at
    FROM soon s WHERE c.merchant_id = s.merchant_id AND c.id = s.id
    RETURNING c.*
), raised AS (
    SELECT d.merchant_id, 'chargeback_due_soon' AS kind, d.transaction_id::text AS subject, d.transaction_id,
           jsonb_build_object('kind', t.kind, 'reference', t.rrn, 'amount', d.amount, 'currency', d.currency,
                              'issuer', t.issuer_id, 'number', d.number, 'due_at', d.due_at) AS params,
           :now::timestamptz AS at
    FROM told d JOIN transactions t ON t.merchant_id = d.merchant_id AND t.id = d.transaction_id
), opened AS (
    {open_raised}
)
SELECT merchant_id, id FROM told ORDER BY due_at, id;

-- name: unruled
-- description: Raise that a network has not ruled in time; of each deadline once. Gives how many.
WITH late AS (
    SELECT c.merchant_id, c.id FROM chargebacks c JOIN merchants m USING (merchant_id)
    WHERE c.ended_at IS NULL AND c.due_at <= :now AND c.stage IN ({ruled}) AND m.lives = 'here'
      AND c.told_due_at IS DISTINCT FROM c.due_at
    ORDER BY c.due_at, c.id LIMIT :limit FOR UPDATE OF c SKIP LOCKED
), told AS (
    UPDATE chargebacks c SET told_due_at = c.due_at
    FROM late l WHERE c.merchant_id = l.merchant_id AND c.id = l.id
    RETURNING c.*
), raised AS (
    SELECT d.merchant_id, 'chargeback_ruling_late' AS kind, d.transaction_id::text AS subject, d.transaction_id,
           jsonb_build_object('kind', t.kind, 'reference', t.rrn, 'amount', d.amount, 'currency', d.currency,
                              'issuer', t.issuer_id, 'number', d.number, 'due_at', d.due_at) AS params,
           :now::timestamptz AS at
    FROM told d JOIN transactions t ON t.merchant_id = d.merchant_id AND t.id = d.transaction_id
), opened AS (
    {open_raised}
)
SELECT count(*)::integer FROM told;
