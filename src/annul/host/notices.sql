-- What terminals are told with their next message.

-- name: waiting
-- description: Notices that no terminal has been given yet.
SELECT merchant_id, id, terminal_id, text FROM notices
WHERE delivered_at IS NULL ORDER BY created_at LIMIT 10000;

-- name: delivered
-- description: Keep that a terminal was given a notice.
UPDATE notices SET delivered_at = $3 WHERE merchant_id = $1 AND id = $2 AND delivered_at IS NULL;
