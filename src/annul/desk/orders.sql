-- name: one
-- description: An order as it stands.
SELECT merchant_id, id, act, original_id, amount, reason, state, asked_by, asked_at, decided_by,
       decided_at, refused
FROM orders WHERE id = :id;

-- name: decide
-- description: Approve or reject what still waits.
UPDATE orders SET state = :state, decided_by = :who, decided_at = :now
WHERE merchant_id = :merchant AND id = :id AND state = 'asked'
RETURNING id;

-- name: waiting
-- description: What waits for a second person or for being carried out, oldest first.
SELECT o.merchant_id, o.id, o.act, o.amount, o.reason, o.state, o.asked_by, o.asked_at,
       o.decided_by, t.id AS original_id, coalesce(t.rrn, '') AS original_rrn,
       coalesce(t.card_masked, '') AS card_masked, coalesce(t.currency, '156') AS currency
FROM orders o
LEFT JOIN transactions t ON t.merchant_id = o.merchant_id AND t.id = o.original_id
WHERE o.state IN ('asked', 'approved') AND o.act = ANY (:acts::text[])
  AND (:merchant = '' OR o.merchant_id = :merchant)
ORDER BY o.asked_at, o.id LIMIT :limit;

-- name: given_back
-- description: What went back, or is going back, of a transaction by its request key.
SELECT undone FROM transactions
WHERE merchant_id = :merchant AND terminal_id = :terminal AND batch = :batch AND trace = :trace;

-- name: raise_limit
-- description: Let one person alone move more, unless they may by now.
UPDATE merchants SET second_person_from = :limit
WHERE merchant_id = :merchant AND second_person_from < :limit;

-- name: changed
-- description: Let running hosts read merchants anew.
UPDATE reference SET version = version + 1;
