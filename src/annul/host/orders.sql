-- name: write
-- description: Keep what was asked for; once, however often it is asked again.
INSERT INTO orders (merchant_id, id, act, original_id, amount, reason, state, asked_by, asked_at)
VALUES (:merchant, :id, :act, :original, :amount, :reason, 'asked', :who, :now)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: to_carry_out
-- description: A void or refund that is asked for and was not carried out, and when it takes two.
SELECT o.act, o.original_id, o.amount, o.state = 'approved' AS approved, m.second_person_from
FROM orders o JOIN merchants m USING (merchant_id)
WHERE o.merchant_id = :merchant AND o.id = :id AND o.act <> 'raise_limit'
  AND o.state IN ('asked', 'approved') AND m.lives = 'here';

-- name: end
-- description: Keep how it has ended.
UPDATE orders SET state = :state, refused = :refused
WHERE merchant_id = :merchant AND id = :id AND state IN ('asked', 'approved')
RETURNING id;

-- name: expire
-- description: What nobody has approved for long is not done any more.
UPDATE orders SET state = 'expired' WHERE state = 'asked' AND asked_at < :before;

-- name: left
-- description: What was approved a while ago and is not carried out.
SELECT merchant_id, id FROM orders
WHERE state = 'approved' AND act <> 'raise_limit' AND decided_at < :before
ORDER BY asked_at, id LIMIT 100;
