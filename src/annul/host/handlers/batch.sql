-- name: totals
-- description: What the host has of a batch: what counts on a terminal's settlement slip.
SELECT
    coalesce(sum(amount) FILTER (WHERE kind = ANY ($4::text[])), 0)::bigint AS debit_amount,
    (count(*) FILTER (WHERE kind = ANY ($4::text[])))::int AS debit_count,
    coalesce(sum(amount) FILTER (WHERE kind = ANY ($5::text[])), 0)::bigint AS credit_amount,
    (count(*) FILTER (WHERE kind = ANY ($5::text[])))::int AS credit_count
FROM transactions
WHERE merchant_id = $1 AND terminal_id = $2 AND batch = $3
  AND state IN ('approved', 'voided', 'partly_refunded', 'refunded');

-- name: settle
-- description: Keep a settlement and begin the next batch, once.
WITH settled AS (
    INSERT INTO batches (merchant_id, terminal_id, batch, settled_at, balanced, debit_amount,
                         debit_count, credit_amount, credit_count, claimed)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT DO NOTHING
    RETURNING batch
)
UPDATE terminals t SET batch = $11
FROM settled s
WHERE t.merchant_id = $1 AND t.terminal_id = $2 AND t.batch = s.batch
RETURNING t.batch;

-- name: settled
-- description: The settlement of a batch.
SELECT balanced FROM batches WHERE merchant_id = $1 AND terminal_id = $2 AND batch = $3;

-- name: upload
-- description: Keep uploaded records; a repeated one changes nothing.
INSERT INTO batch_uploads (merchant_id, terminal_id, batch, trace, card_hash, amount, received_at)
SELECT $1, $2, $3, u.trace, u.card_hash, u.amount, $4
FROM unnest($5::text[], $6::bytea[], $7::bigint[]) AS u (trace, card_hash, amount)
ON CONFLICT DO NOTHING;

-- name: end_upload
-- description: Close the upload of a batch and count where upload and host differ.
WITH closed AS (
    UPDATE batches SET upload_ended = true
    WHERE merchant_id = $1 AND terminal_id = $2 AND batch = $3 AND NOT upload_ended
    RETURNING batch
), uploaded AS (
    SELECT trace, amount FROM batch_uploads
    WHERE merchant_id = $1 AND terminal_id = $2 AND batch = $3
), kept AS (
    SELECT trace, amount FROM transactions
    WHERE merchant_id = $1 AND terminal_id = $2 AND batch = $3
      AND state IN ('approved', 'voided', 'partly_refunded', 'refunded')
      AND kind = ANY ($4::text[])
)
SELECT (SELECT balanced FROM batches
        WHERE merchant_id = $1 AND terminal_id = $2 AND batch = $3) AS balanced,
       EXISTS (SELECT FROM closed) AS first,
       (SELECT count(*) FROM uploaded FULL JOIN kept USING (trace, amount)
        WHERE uploaded.trace IS NULL OR kept.trace IS NULL)::int AS differing,
       (SELECT count(*) FROM uploaded)::int AS uploaded;
