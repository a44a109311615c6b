-- Decisions that a setting of a merchant was asked about. Each statement gives only those that the changed
-- setting may turn, as they were made: `rule` is what refused it, or who has done it.

-- name: looked
-- description: How many decisions there were: transactions, and what was refused before it was one.
SELECT (SELECT count(*) FROM transactions t
        WHERE {within})
     + (SELECT count(*) FROM refusals r
        WHERE r.received_at >= :since AND r.received_at < :until AND :merchant::text IN ('', r.merchant_id));

-- name: amount_limit
-- description: What was let in with a greater amount, and what was refused for one that is not.
SELECT t.rrn, t.merchant_id, t.received_at, t.kind, t.amount, t.state, '' AS rule, t.amount AS measured
FROM transactions t
WHERE {within}
  AND t.amount > :number
UNION ALL
SELECT r.rrn, r.merchant_id, r.received_at, r.kind, r.amount, 'refused', r.rule, r.amount
FROM refusals r
WHERE r.received_at >= :since AND r.received_at < :until AND :merchant::text IN ('', r.merchant_id)
  AND r.rule = 'over_merchant_limit' AND r.amount <= :number;

-- name: refund_days
-- description: Refunds of originals that are older, in business days.
SELECT t.rrn, t.merchant_id, t.received_at, t.kind, t.amount, t.state, '' AS rule,
       (t.business_date - o.business_date)::bigint AS measured
FROM transactions t
JOIN transactions o ON o.merchant_id = t.merchant_id AND o.id = t.original_id
WHERE {within}
  AND t.kind IN ({refunds}) AND t.business_date - o.business_date > :number;

-- name: retry_voids
-- description: Voids that annul tried again by itself; if they are allowed, cases that asked for it and had none.
SELECT t.rrn, t.merchant_id, t.received_at, t.kind, t.amount, t.state, 'retried' AS rule, 0::bigint AS measured
FROM transactions t
WHERE :number = 0 AND {within} AND t.kind IN ({voids}) AND t.origin = 'resolver'
UNION ALL
SELECT c.number, c.merchant_id, c.opened_at, c.kind, c.amount,
       CASE c.ended WHEN '' THEN 'open' ELSE c.ended END, '', 0
FROM cases c JOIN merchants m USING (merchant_id)
WHERE :number <> 0 AND NOT m.retry_voids AND c.opened_at >= :since AND c.opened_at < :until
  AND :merchant::text IN ('', c.merchant_id) AND c.kind IN ({voids}) AND c.cause IN ({retried})
  AND c.tries = 0 AND c.ended <> 'voided';

-- name: refund_instead_limit
-- description: Refunds in place of a void: those that annul made unasked, and those that a person ordered.
SELECT t.rrn, t.merchant_id, t.received_at, t.kind, t.amount, t.state,
       CASE t.origin WHEN 'resolver' THEN 'unasked' ELSE 'ordered' END AS rule, t.amount AS measured
FROM transactions t
WHERE {within}
  AND t.kind IN ({refunds})
  AND (t.origin = 'resolver' AND t.amount > :number OR t.origin = 'person' AND t.amount <= :number);
