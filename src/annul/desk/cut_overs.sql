-- When a merchant's business days end, by its contract.

-- name: told
-- description: What was agreed on with a merchant, the latest first.
SELECT valid_from, cut_over, set_by, set_at
FROM cut_overs WHERE merchant_id = :merchant ORDER BY valid_from DESC;

-- name: open_from
-- description: The first business day that is open.
SELECT open_from FROM books;

-- name: add
-- description: Add a cut-over from a business day on; nothing when there is one from that day on, or while it moves.
INSERT INTO cut_overs (merchant_id, valid_from, cut_over, set_by, set_at)
SELECT m.merchant_id, :valid_from, :cut_over, :who, :at
FROM (SELECT merchant_id FROM merchants
      WHERE merchant_id = :merchant AND lives = 'here' FOR SHARE) m
ON CONFLICT DO NOTHING
RETURNING valid_from;

-- name: changed
-- description: Let running hosts read merchants and terminals anew.
UPDATE reference SET version = version + 1;
