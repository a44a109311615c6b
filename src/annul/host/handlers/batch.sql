-- name: of_batch
-- description: What belongs to one batch of a terminal.
merchant_id = :merchant AND terminal_id = :terminal AND batch = :batch;

-- name: counts
-- description: States of a transaction that counts on a terminal's slip.
state IN ('approved', 'voided', 'partly_refunded', 'refunded');

-- name: totals
-- description: What the host has of a batch: what counts on a terminal's settlement slip.
SELECT
    coalesce(sum(amount) FILTER (WHERE kind = ANY (:debits::text[])), 0)::bigint AS debit_amount,
    (count(*) FILTER (WHERE kind = ANY (:debits::text[])))::int AS debit_count,
    coalesce(sum(amount) FILTER (WHERE kind = ANY (:credits::text[])), 0)::bigint AS credit_amount,
    (count(*) FILTER (WHERE kind = ANY (:credits::text[])))::int AS credit_count
FROM transactions
WHERE {of_batch} AND {counts};

-- name: settle
-- description: Keep a settlement and begin the next batch, once.
WITH settled AS (
    INSERT INTO batches (merchant_id, terminal_id, batch, settled_at, balanced, debit_amount,
                         debit_count, credit_amount, credit_count, claimed)
    VALUES (:merchant, :terminal, :batch, :now, :balanced, :debit_amount, :debit_count,
            :credit_amount, :credit_count, :claimed)
    ON CONFLICT DO NOTHING
    RETURNING batch
)
UPDATE terminals t SET batch = :next_batch
FROM settled s
WHERE t.merchant_id = :merchant AND t.terminal_id = :terminal AND t.batch = s.batch
RETURNING t.batch;

-- name: settled
-- description: The settlement of a batch.
SELECT balanced FROM batches WHERE {of_batch};

-- name: upload
-- description: Keep uploaded records; a repeated one changes nothing.
INSERT INTO batch_uploads (merchant_id, terminal_id, batch, trace, card_hash, amount, received_at)
SELECT :merchant, :terminal, :batch, u.trace, u.card_hash, u.amount, :now
FROM unnest(:traces::text[], :card_hashes::bytea[], :amounts::bigint[])
    AS u (trace, card_hash, amount)
ON CONFLICT DO NOTHING;

-- name: end_upload
-- description: Close the upload of a batch and count where upload and host differ.
WITH closed AS (
    UPDATE batches SET upload_ended = true WHERE {of_batch} AND NOT upload_ended
    RETURNING batch
), uploaded AS (
    SELECT trace, amount FROM batch_uploads WHERE {of_batch}
), kept AS (
    SELECT trace, amount FROM transactions
    WHERE {of_batch} AND {counts} AND kind = ANY (:kinds::text[])
)
SELECT (SELECT balanced FROM batches WHERE {of_batch}) AS balanced,
       EXISTS (SELECT FROM closed) AS first,
       (SELECT count(*) FROM uploaded FULL JOIN kept USING (trace, amount)
        WHERE uploaded.trace IS NULL OR kept.trace IS NULL)::int AS differing,
       (SELECT count(*) FROM uploaded)::int AS uploaded;
