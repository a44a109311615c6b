-- name: changed
-- description: Cases that were written since $1, oldest first.
SELECT merchant_id, id, number, step, cause, task, ended, events, changed_at
FROM cases WHERE changed_at >= $1 ORDER BY changed_at LIMIT 5000;
