-- name: among
-- description: Of some kinds, of one merchant or, empty, of all.
t.kind = ANY (:kinds::text[]) AND (:merchant = '' OR t.merchant_id = :merchant);

-- name: by_id
-- description: A transaction by id.
SELECT {columns} FROM transactions t
WHERE t.id = :id AND {among};

-- name: by_rrn
-- description: The latest transaction with a reference number.
SELECT {columns} FROM transactions t
WHERE t.rrn = :rrn AND {among}
ORDER BY t.received_at DESC LIMIT 1;

-- name: sold
-- description: What an order gives back.
SELECT {columns} FROM transactions t WHERE t.merchant_id = :merchant AND t.id = :id;

-- name: original
-- description: What a transaction refers to.
SELECT id, rrn, kind, state, trace, amount, undone FROM transactions
WHERE merchant_id = :merchant AND id = :id;
