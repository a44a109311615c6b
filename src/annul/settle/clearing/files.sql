-- Clearing files: their rows are staged as they are read; nothing counts before somebody commits them.

-- name: same
-- description: A file of this content that counts, or waits to be looked at.
SELECT id, name, state, read_at FROM clearing_files
WHERE digest = :digest AND state IN ('staged', 'committed');

-- name: namesake
-- description: A file of this name that counts or waits.
SELECT id, digest, read_at FROM clearing_files
WHERE name = :name AND state IN ('staged', 'committed') ORDER BY read_at DESC LIMIT 1;

-- name: begin
-- description: Begin to read a file.
INSERT INTO clearing_files (id, name, layout, digest, issuers, settles_on, state, read_by, read_at)
VALUES (:id, :name, :layout, '', :issuers, :settles_on, 'loading', :who, :now);

-- name: bad_lines
-- description: Keep lines that are no rows.
INSERT INTO clearing_bad_lines (file_id, line, zh, en, text)
SELECT :file, * FROM unnest(:lines::integer[], :zh::text[], :en::text[], :texts::text[]);

-- name: staged
-- description: Keep that a file was read to its end.
UPDATE clearing_files SET state = 'staged', digest = :digest, rows = :rows, bad = :bad
WHERE id = :file AND state = 'loading'
RETURNING id;

-- name: drop
-- description: Let a file that does not count be forgotten.
UPDATE clearing_files SET state = 'dropped', ended_by = :who, ended_at = :now, reason = :reason
WHERE id = :file AND state IN ('loading', 'staged')
RETURNING id;

-- name: forget
-- description: Remove a file that was not read to its end: nobody has seen it.
DELETE FROM clearing_files WHERE id = :file AND state = 'loading' RETURNING id;

-- name: unstage
-- description: Remove the rows that a file had staged.
DELETE FROM clearing_staged WHERE file_id = :file;

-- name: left
-- description: Files that were left while they were read, and rows of such as are staged no longer.
SELECT id, state FROM clearing_files
WHERE state = 'loading' AND read_at < :before
   OR state NOT IN ('loading', 'staged')
      AND EXISTS (SELECT FROM clearing_staged s WHERE s.file_id = clearing_files.id);

-- name: lock
-- description: A file in a state, held until the database's transaction ends, and how many of its rows are staged.
SELECT id, name, layout, issuers, settles_on, covers_from, rows, bad,
       (SELECT count(*) FROM clearing_staged s WHERE s.file_id = f.id) AS staged
FROM clearing_files f WHERE id = :file AND state = :state FOR UPDATE;

-- name: committed
-- description: Keep that a file counts from now on, and what came of it.
UPDATE clearing_files
SET state = 'committed', covers_from = :covers_from, result = :result, rules = :rules, committed_by = :who, committed_at = :now
WHERE id = :file AND state = 'staged'
RETURNING id;

-- name: at_stake
-- description: Money, in minor units, that a discard takes back: of what a file has proved, and of what people have decided.
SELECT (coalesce((SELECT sum(t.amount) FROM clearing_proofs p
                  JOIN transactions t ON t.merchant_id = p.merchant_id AND t.id = p.transaction_id
                  WHERE p.file_id = :file AND p.discarded_at IS NULL AND p.came IS DISTINCT FROM 'overtaken'), 0)
        + coalesce((SELECT sum(abs(b.money)) FROM breaks b
                    WHERE b.file_id = :file AND b.state = 'resolved'), 0))::bigint;

-- name: ask
-- description: Keep what somebody wants to be done with a file that counts.
UPDATE clearing_files SET asked_for = :for, asked_by = :who, asked_at = :now, asked_reason = :reason
WHERE id = :file AND state = 'committed' AND asked_for = ''
RETURNING id;

-- name: asked
-- description: What is asked for of a file that counts, held until the database's transaction ends.
SELECT asked_for, asked_by, asked_reason FROM clearing_files
WHERE id = :file AND state = 'committed' AND asked_for <> '' FOR UPDATE;

-- name: answered
-- description: Nothing is asked for any more: it was done, or rejected.
UPDATE clearing_files SET asked_for = '' WHERE id = :file AND asked_for <> ''
RETURNING id;

-- name: discarded
-- description: Keep that a file counts no longer.
UPDATE clearing_files SET state = 'discarded', ended_by = :who, ended_at = :now, reason = :reason
WHERE id = :file AND state = 'committed'
RETURNING id;

-- name: room
-- description: Room for the joins of a whole file, planned for its days, until the database's transaction ends.
-- Servers may be set to plan once for all values, which is right for a transaction and wrong for a million.
SELECT set_config('work_mem', '128MB', true), set_config('plan_cache_mode', 'force_custom_plan', true);

-- name: count
-- description: Let the planner know how many rows are staged by now.
-- How many they are, of which file and with what outcome is told by a few thousand of them.
WITH sampled AS MATERIALIZED (SELECT set_config('default_statistics_target', '20', true))
SELECT count_clearing() FROM sampled;
