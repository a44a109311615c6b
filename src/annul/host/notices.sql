-- What terminals are told with their next message.

-- name: waiting
-- description: Terminals with a notice that nobody is giving them.
SELECT DISTINCT merchant_id, terminal_id FROM notices
WHERE delivered_at IS NULL AND (given_until IS NULL OR given_until <= clock_timestamp());

-- name: take
-- description: Give a terminal its oldest notice; nobody else does for a while.
UPDATE notices SET given_until = clock_timestamp() + :lease::interval
WHERE (merchant_id, id) = (
    SELECT merchant_id, id FROM notices
    WHERE merchant_id = :merchant AND terminal_id = :terminal AND delivered_at IS NULL
      AND (given_until IS NULL OR given_until <= clock_timestamp())
    ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, text;

-- name: give_back
-- description: Let a notice be given anew: its answer has not left.
UPDATE notices SET given_until = NULL
WHERE merchant_id = :merchant AND id = :id AND delivered_at IS NULL;

-- name: delivered
-- description: Keep that a terminal was given a notice.
UPDATE notices SET delivered_at = :now
WHERE merchant_id = :merchant AND id = :id AND delivered_at IS NULL;
