-- name: changed
-- description: Cases that were written since a moment, oldest first.
SELECT merchant_id, id, number, step, cause, task, ended, events, changed_at
FROM cases WHERE changed_at >= :since ORDER BY changed_at LIMIT 5000;
