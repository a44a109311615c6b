-- Where terminals' batches and the host differ, and how that ends.

-- name: of_batch
-- description: Part: what belongs to one batch of a terminal.
merchant_id = :merchant AND terminal_id = :terminal AND batch = :batch;

-- name: search
-- description: Differences in the order of batch and trace, the oldest first: of a merchant, terminal, batch, or all.
-- The id is made of batch, trace and whose it is, so that pages go on where one ended.
SELECT * FROM (
    SELECT d.merchant_id, d.terminal_id, d.batch, d.trace, d.claimed, d.kept, d.transaction_id,
           d.found_at, d.resolved_as, d.booked_by, d.reason, d.resolved_by, d.resolved_at, m.currency,
           m.name_zh, m.name_en,
           (rpad(left(encode(convert_to(d.batch, 'UTF8'), 'hex'), 12), 12, '0')
            || rpad(left(encode(convert_to(d.trace, 'UTF8'), 'hex'), 12), 12, '0')
            || left(md5(d.merchant_id || ' ' || d.terminal_id), 8))::uuid AS id
    FROM batch_differences d JOIN merchants m ON m.merchant_id = d.merchant_id
    WHERE m.lives <> 'away' AND (:merchant = '' OR d.merchant_id = :merchant)
      AND (:terminal = '' OR d.terminal_id = :terminal) AND (:batch = '' OR d.batch = :batch)
      AND (:resolved OR d.resolved_at IS NULL)
) found
WHERE :after_at::timestamptz IS NULL OR (found_at, id) > (:after_at, :after_id::uuid)
ORDER BY found_at, id LIMIT :limit;

-- name: lock
-- description: Hold a batch until the transaction ends: of two who resolve its last rows one comes after the other.
SELECT FROM batches WHERE {of_batch} FOR UPDATE;

-- name: one
-- description: One difference.
SELECT claimed, kept, transaction_id, resolved_at FROM batch_differences
WHERE {of_batch} AND trace = :trace;

-- name: bookings
-- description: What may book such a difference, the latest first: corrections made, conclusions confirmed; one, or all.
SELECT id, amount, currency, reason, coalesce(decided_at, asked_at) AS at FROM account_moves
WHERE merchant_id = :merchant AND kind = 'correction' AND state = 'done'
  AND (:id::uuid IS NULL OR id = :id)
  AND (about IS NULL OR :transaction::uuid IS NULL OR about = :transaction)
UNION ALL
SELECT id, NULL, NULL, reason, confirmed_at FROM conclusions
WHERE merchant_id = :merchant AND confirmed_at IS NOT NULL AND (:id::uuid IS NULL OR id = :id)
  AND transaction_id = :transaction AND done = :claimed
ORDER BY at DESC LIMIT :limit;

-- name: resolve
-- description: Resolve a difference; with the last one of its batch the incident closes.
WITH resolved AS (
    UPDATE batch_differences
    SET resolved_as = :how, booked_by = :booked_by, reason = :reason, resolved_by = :who,
        resolved_at = :now
    WHERE {of_batch} AND trace = :trace AND resolved_at IS NULL
    RETURNING merchant_id, terminal_id, batch
), ended AS (
    SELECT merchant_id, 'batch_differs' AS kind, terminal_id || ' ' || batch AS subject,
           :now::timestamptz AS at
    FROM resolved
    WHERE NOT EXISTS (SELECT FROM batch_differences
                      WHERE {of_batch} AND trace <> :trace AND resolved_at IS NULL)
), closed AS (
    {close_ended}
)
SELECT count(*) FROM resolved;
