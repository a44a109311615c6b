-- What terminals are told with their next message.

-- name: waiting
-- description: Of each terminal the oldest notice that it has not been given yet.
SELECT DISTINCT ON (merchant_id, terminal_id) merchant_id, id, terminal_id, text FROM notices
WHERE delivered_at IS NULL ORDER BY merchant_id, terminal_id, created_at, id;

-- name: delivered
-- description: Keep that a terminal was given a notice.
UPDATE notices SET delivered_at = :now
WHERE merchant_id = :merchant AND id = :id AND delivered_at IS NULL;
