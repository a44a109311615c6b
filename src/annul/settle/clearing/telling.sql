-- What merchants' webhooks are told of breaks and clearing files, with what it tells of.

-- name: breaks
-- description: Tell merchants that listen of breaks of theirs.
INSERT INTO notifications (merchant_id, id, case_id, event, payload, created_at, next_attempt_at)
SELECT b.merchant_id, gen_random_uuid(), b.id, :event,
       jsonb_build_object('break', b.id, 'merchant', b.merchant_id, 'kind', b.kind, 'cause', b.cause,
                          'money', b.money, 'currency', b.currency, 'state', b.state, 'as', b.resolved_as,
                          'transaction', b.transaction_id, 'file', b.file_id),
       :now::timestamptz, :now::timestamptz
FROM breaks b
WHERE b.id = ANY (:ids::uuid[])
  AND EXISTS (SELECT FROM webhooks w WHERE w.merchant_id = b.merchant_id AND w.active);

-- name: file
-- description: Tell merchants that listen, and have rows or breaks in a file, that it counts, or no longer.
WITH of_file AS (
    SELECT merchant_id, count(*) AS rows, 0 AS breaks FROM clearing_rows
    WHERE file_id = :file GROUP BY merchant_id
    UNION ALL
    SELECT merchant_id, 0, count(*) FROM breaks WHERE file_id = :file GROUP BY merchant_id
), told AS (
    SELECT merchant_id, sum(rows)::bigint AS rows, sum(breaks)::bigint AS breaks
    FROM of_file GROUP BY merchant_id
)
INSERT INTO notifications (merchant_id, id, case_id, event, payload, created_at, next_attempt_at)
SELECT t.merchant_id, gen_random_uuid(), f.id, :event,
       jsonb_build_object('file', f.id, 'merchant', t.merchant_id, 'settles_on', f.settles_on,
                          'rows', t.rows, 'breaks', t.breaks),
       :now::timestamptz, :now::timestamptz
FROM told t JOIN clearing_files f ON f.id = :file
WHERE EXISTS (SELECT FROM webhooks w WHERE w.merchant_id = t.merchant_id AND w.active);
