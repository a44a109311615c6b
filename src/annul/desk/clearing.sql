-- Clearing files as people see them: how each stands, its bad lines, maps of columns that were saved.

-- name: files
-- description: Clearing files that were read to their end, the latest first.
SELECT {columns} FROM clearing_files
WHERE digest <> '' AND (:after_at::timestamptz IS NULL OR (read_at, id) < (:after_at, :after_id::uuid))
ORDER BY read_at DESC, id DESC LIMIT :limit;

-- name: columns
-- description: Part: what is shown of a file.
id, name, layout, issuers, settles_on, covers_from, state, rows, bad, result, read_by, read_at,
committed_by, committed_at, ended_by, ended_at, reason, rules, asked_for, asked_by, asked_at, asked_reason;

-- name: find
-- description: One file.
SELECT {columns} FROM clearing_files WHERE id = :id;

-- name: state
-- description: How a file stands.
SELECT state FROM clearing_files WHERE id = :id;

-- name: name
-- description: How a file is called.
SELECT name FROM clearing_files WHERE id = :id;

-- name: breaks
-- description: How a file's breaks stand by now.
SELECT kind, cause, currency, state, count(*)::integer AS count, sum(money)::bigint AS money,
       sum(abs(money))::bigint AS in_question, count(*) FILTER (WHERE foretold)::integer AS foretold
FROM breaks WHERE file_id = :id GROUP BY kind, cause, currency, state
ORDER BY kind, cause, currency, state;

-- name: bad_lines
-- description: Lines of a file that are no rows, in their order.
SELECT line, zh, en, text FROM clearing_bad_lines
WHERE file_id = :id AND line > :after ORDER BY line LIMIT :limit;

-- name: settles_on
-- description: Keep up to which day a file tells, known once it was read to its end.
UPDATE clearing_files SET settles_on = :day WHERE id = :id AND state = 'staged' AND settles_on <> :day;

-- name: maps
-- description: Maps of columns that were saved.
SELECT name, map, saved_by, saved_at FROM clearing_maps ORDER BY name LIMIT :limit;

-- name: map
-- description: One of them.
SELECT map FROM clearing_maps WHERE name = :name;

-- name: save_map
-- description: Save a map; one of the same name is replaced.
INSERT INTO clearing_maps (name, map, saved_by, saved_at) VALUES (:name, :map, :who, :now)
ON CONFLICT (name) DO UPDATE SET map = excluded.map, saved_by = excluded.saved_by, saved_at = excluded.saved_at;

-- name: forget_map
-- description: Remove a map.
DELETE FROM clearing_maps WHERE name = :name RETURNING name;

-- name: counted
-- description: Files that count, of a day or of a name; of several days the latest first, in which they could be discarded.
SELECT id FROM clearing_files
WHERE state = 'committed' AND (:day::date IS NULL OR settles_on = :day) AND (:name::text = '' OR name = :name)
ORDER BY settles_on DESC, committed_at DESC, id;

-- name: tolerated
-- description: What rules accept of a file, by kind and account.
SELECT kind, account, currency, count(*)::integer AS count, sum(money)::bigint AS money,
       sum(abs(money))::bigint AS in_question
FROM clearing_differences WHERE file_id = :id AND counts
GROUP BY kind, account, currency ORDER BY kind, account, currency;

-- name: differences
-- description: Each difference of a file that rules accept, in the order of its rows, with what the terminal's batch has.
SELECT d.place, d.line, d.kind, d.merchant_id, d.transaction_id, t.rrn, d.issuer_id, d.currency,
       b.claimed, d.ours, d.theirs, d.money, d.account, d.found_at
FROM (SELECT *, line::bigint * 2 + (kind = 'fee')::integer AS place
      FROM clearing_differences WHERE file_id = :id AND counts) d
JOIN transactions t ON t.merchant_id = d.merchant_id AND t.id = d.transaction_id
LEFT JOIN batch_differences b ON d.kind = 'amount' AND b.merchant_id = t.merchant_id
                             AND b.terminal_id = t.terminal_id AND b.batch = t.batch AND b.trace = t.trace
WHERE d.place > :after ORDER BY d.place LIMIT :limit;
