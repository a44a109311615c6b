-- name: by_id
-- description: A transaction by id ($1) of these kinds ($2), of one merchant ($3) or all.
SELECT {columns} FROM transactions t
WHERE t.id = $1 AND t.kind = ANY ($2::text[]) AND ($3 = '' OR t.merchant_id = $3);

-- name: by_rrn
-- description: The latest transaction with a reference number ($1), the same way.
SELECT {columns} FROM transactions t
WHERE t.rrn = $1 AND t.kind = ANY ($2::text[]) AND ($3 = '' OR t.merchant_id = $3)
ORDER BY t.received_at DESC LIMIT 1;

-- name: original
-- description: What a transaction refers to.
SELECT id, rrn, kind, state, trace, amount, undone FROM transactions
WHERE merchant_id = $1 AND id = $2;
