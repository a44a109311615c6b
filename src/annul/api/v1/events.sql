-- name: changed
-- description: Cases of one merchant or, empty, of all that changed after a moment, oldest first.
SELECT merchant_id, id, number, step, cause, task, ended, events, changed_at FROM cases
WHERE changed_at > :since AND (:merchant = '' OR merchant_id = :merchant)
ORDER BY changed_at LIMIT :limit;
