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

-- name: standing
-- description: A void or refund, its original, the states of all that refers to that, and its case.
-- All of one moment. Its case is the one that it opened, else that of its original.
SELECT (SELECT state FROM transactions WHERE merchant_id = :merchant AND id = :id) AS state,
       (SELECT ROW({original}) FROM transactions
        WHERE merchant_id = :merchant AND id = :original) AS original,
       ARRAY(SELECT state FROM transactions
             WHERE merchant_id = :merchant AND original_id = :original) AS others,
       (SELECT ROW({case}) FROM (
            SELECT * FROM cases WHERE merchant_id = :merchant AND id = :id
            UNION
            SELECT * FROM cases WHERE merchant_id = :merchant AND original_id = :original) t
        ORDER BY t.id = :id DESC, t.ended = '' DESC, t.opened_at DESC LIMIT 1) AS case;
