-- name: of_batch
-- description: What belongs to one batch of a terminal.
merchant_id = :merchant AND terminal_id = :terminal AND batch = :batch;

-- name: counts
-- description: States of a transaction that counts on a terminal's slip.
state IN ('approved', 'voided', 'partly_refunded', 'refunded');

-- name: totals
-- description: What the host has of a batch: what counts on a terminal's settlement slip, by scheme.
SELECT
    scheme,
    coalesce(sum(amount) FILTER (WHERE kind = ANY (:debits::text[])), 0)::bigint AS debit_amount,
    (count(*) FILTER (WHERE kind = ANY (:debits::text[])))::int AS debit_count,
    coalesce(sum(amount) FILTER (WHERE kind = ANY (:credits::text[])), 0)::bigint AS credit_amount,
    (count(*) FILTER (WHERE kind = ANY (:credits::text[])))::int AS credit_count
FROM transactions
WHERE {of_batch} AND {counts}
GROUP BY scheme;

-- name: hold
-- description: Hold a terminal in its batch, if this host serves it: until then nothing else is opened.
SELECT FROM terminals
WHERE merchant_id = :merchant AND terminal_id = :terminal AND batch = :batch
  AND host = :node AND epoch = :epoch
FOR UPDATE;

-- name: settle
-- description: Keep a settlement and begin the next batch, once.
WITH settled AS (
    INSERT INTO batches (merchant_id, terminal_id, batch, settled_at, balanced, debit_amount,
                         debit_count, credit_amount, credit_count, foreign_balanced,
                         foreign_debit_amount, foreign_debit_count, foreign_credit_amount,
                         foreign_credit_count, claimed)
    VALUES (:merchant, :terminal, :batch, :now, :balanced, :debit_amount, :debit_count,
            :credit_amount, :credit_count, :foreign_balanced, :foreign_debit_amount,
            :foreign_debit_count, :foreign_credit_amount, :foreign_credit_count, :claimed)
    ON CONFLICT DO NOTHING
    RETURNING batch
)
UPDATE terminals t SET batch = :next_batch
FROM settled s
WHERE t.merchant_id = :merchant AND t.terminal_id = :terminal AND t.batch = s.batch
RETURNING t.batch;

-- name: settled
-- description: The settlement of a batch.
SELECT balanced, foreign_balanced FROM batches WHERE {of_batch};

-- name: upload
-- description: Keep uploaded records; a repeated one changes nothing.
INSERT INTO batch_uploads (merchant_id, terminal_id, batch, trace, card_hash, amount, received_at)
SELECT :merchant, :terminal, :batch, u.trace, u.card_hash, u.amount, :now
FROM unnest(:traces::text[], :card_hashes::bytea[], :amounts::bigint[])
    AS u (trace, card_hash, amount)
ON CONFLICT DO NOTHING;

-- name: ic_upload
-- description: Keep what a chip gave; a repeated one changes nothing.
INSERT INTO ic_uploads (merchant_id, terminal_id, batch, trace, approved, card_hash, amount, chip,
                        received_at)
VALUES (:merchant, :terminal, :batch, :trace, :approved, :card_hash, :amount, :chip, :now)
ON CONFLICT DO NOTHING;

-- name: end_upload
-- description: Close the upload of a batch, once: where upload and host differ is kept, and opens an incident.
-- A half that balanced need not be uploaded. Where both did what had a chip is, once any of it came.
WITH settled AS (
    SELECT balanced, foreign_balanced FROM batches WHERE {of_batch}
), closed AS (
    UPDATE batches SET upload_ended = true WHERE {of_batch} AND NOT upload_ended
    RETURNING merchant_id, terminal_id, batch
), uploaded AS (
    SELECT trace, amount FROM batch_uploads WHERE {of_batch}
    UNION
    SELECT trace, amount FROM ic_uploads WHERE {of_batch} AND approved
), known AS (
    SELECT id, trace, amount, {counts} AS counts,
           CASE scheme WHEN 'foreign' THEN s.foreign_balanced ELSE s.balanced END AS balanced,
           s.balanced AND s.foreign_balanced AND kind = ANY (:debits::text[])
               AND left(entry_mode, 2) = :inserted AS chip
    FROM transactions, settled s
    WHERE {of_batch} AND kind = ANY (:kinds::text[])
), kept AS (
    SELECT * FROM known WHERE counts
), expected AS (
    SELECT trace, amount FROM kept
    WHERE NOT balanced OR chip AND EXISTS (SELECT FROM ic_uploads WHERE {of_batch})
), unkept AS (
    -- As stripe and as chip with two amounts: the one that is not the host's.
    SELECT trace, max(amount) AS amount
    FROM (SELECT trace, amount FROM uploaded EXCEPT SELECT trace, amount FROM kept) one
    GROUP BY trace
), unclaimed AS (
    SELECT trace FROM (SELECT trace, amount FROM expected EXCEPT SELECT trace, amount FROM uploaded) one
), found AS (
    INSERT INTO batch_differences (merchant_id, terminal_id, batch, trace, claimed, kept,
                                   transaction_id, found_at)
    SELECT c.merchant_id, c.terminal_id, c.batch, trace, u.amount,
           CASE WHEN k.counts THEN k.amount END, k.id, :now
    FROM closed c, unkept u FULL JOIN unclaimed USING (trace) LEFT JOIN known k USING (trace)
    RETURNING merchant_id, terminal_id, batch
), told AS (
    SELECT merchant_id, terminal_id, batch, count(*) AS rows FROM found GROUP BY 1, 2, 3
), raised AS (
    SELECT merchant_id, 'batch_differs' AS kind, terminal_id || ' ' || batch AS subject,
           NULL::uuid AS transaction_id, :now::timestamptz AS at,
           jsonb_build_object('terminal', terminal_id, 'batch', batch, 'count', rows) AS params
    FROM told
), opened AS (
    {open_raised}
)
SELECT balanced FROM settled;
