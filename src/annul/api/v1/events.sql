-- name: changed
-- description: Cases of one merchant ($1) or all that changed after $2, oldest first, up to $3.
SELECT merchant_id, id, number, step, cause, task, ended, events, changed_at FROM cases
WHERE changed_at > $2 AND ($1 = '' OR merchant_id = $1) ORDER BY changed_at LIMIT $3;
