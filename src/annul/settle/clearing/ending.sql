-- How breaks end: by people, of whom the second confirms what the first asks for; or as their file is discarded.

-- name: lock
-- description: A break that waits, held until the database's transaction ends.
{break}
WHERE b.id = :id AND b.state IN ('open', 'asked') FOR UPDATE OF b;

-- name: look
-- description: The same, not held: what its ends would do.
{break}
WHERE b.id = :id;

-- name: break
-- description: Part: a break with what of its transaction decides how it can end.
SELECT b.merchant_id, b.id, b.kind, b.file_id, b.line, b.transaction_id, b.money, b.currency, b.cause, b.state,
       b.resolved_as, b.reason, b.asked_by, t.state AS transaction_state,
       t.original_id IS NOT NULL AND t.holds = 0 AS beside,
       {told} AS told, {under_way} AS under_way
FROM breaks b
LEFT JOIN transactions t ON t.merchant_id = b.merchant_id AND t.id = b.transaction_id;

-- name: under_way
-- description: Part: whether what is proved of the transaction of a break is still to be carried out, or undone.
EXISTS (SELECT FROM clearing_proofs p WHERE p.transaction_id = b.transaction_id
        AND (p.carried_at IS NULL OR p.discarded_at IS NOT NULL AND p.undone_at IS NULL))

-- name: told
-- description: Part: whether the transaction of a break is told as done, in whatever file, and not as taken back.
EXISTS (SELECT FROM clearing_rows r WHERE r.transaction_id = b.transaction_id AND NOT r.undoes)
AND NOT EXISTS (SELECT FROM clearing_rows r WHERE r.transaction_id = b.transaction_id AND r.undoes)

-- name: agree
-- description: End breaks of which the transaction has come to what files tell of it, some at a time.
WITH found AS (
    SELECT b.merchant_id, b.id FROM breaks b
    JOIN transactions t ON t.merchant_id = b.merchant_id AND t.id = b.transaction_id
    WHERE b.state IN ('open', 'asked') AND b.kind IN ('state', 'missing_there')
      AND t.state IN ({standing}, {ended}) AND (t.state IN ({standing})) = ({told})
    LIMIT 1000 FOR UPDATE OF b SKIP LOCKED
)
UPDATE breaks b SET state = 'agreed', decided_at = :now
FROM found f WHERE b.merchant_id = f.merchant_id AND b.id = f.id
RETURNING b.id, b.file_id;

-- name: ask
-- description: Keep how somebody wants a break to end.
UPDATE breaks SET state = 'asked', resolved_as = :as, reason = :reason, asked_by = :who, asked_at = :now,
       decided_by = '', decided_at = NULL
WHERE id = :id AND state = 'open'
RETURNING id;

-- name: reject
-- description: A break is open again: its end was not confirmed.
UPDATE breaks SET state = 'open', resolved_as = '', decided_by = CASE WHEN asked_by = :who THEN '' ELSE :who END,
       decided_at = :now
WHERE id = :id AND state = 'asked'
RETURNING id;

-- name: resolve
-- description: Keep that a break has ended, and who was the second person.
UPDATE breaks SET state = 'resolved', decided_by = CASE WHEN asked_by = :who THEN '' ELSE :who END,
       decided_at = :now
WHERE id = :id AND state = 'asked'
RETURNING id;

-- name: own
-- description: Say who works on breaks that wait.
UPDATE breaks SET owner = :owner WHERE id = ANY (:ids::uuid[]) AND state IN ('open', 'asked')
RETURNING id;

-- name: later
-- description: Whether a later file of the same issuers counts.
SELECT EXISTS (SELECT FROM clearing_files f
               WHERE f.state = 'committed' AND f.id <> :file AND f.settles_on > :settles_on::date
                 AND (f.issuers = '{}' OR :issuers::text[] = '{}' OR f.issuers && :issuers::text[]));

-- name: uncarry
-- description: Expect nothing any more that this file had left open.
DELETE FROM clearing_carried WHERE file_id = :file;

-- name: unfind
-- description: Expect again what this file had told of, or found missing.
UPDATE clearing_carried SET found_in = NULL WHERE found_in = :file;

-- name: unmatch
-- description: Remove the rows of a file, so that another one may tell of the same.
DELETE FROM clearing_rows WHERE file_id = :file;

-- name: ends
-- description: Breaks of a file that it has no more, each as it stood: they are withdrawn.
WITH before AS (
    SELECT id, merchant_id, state, resolved_as, money, currency, transaction_id FROM breaks
    WHERE file_id = :file AND state <> 'withdrawn' AND NOT id = ANY (:stay::uuid[]) FOR UPDATE
), withdrawn AS (
    UPDATE breaks b SET state = 'withdrawn', decided_at = :now
    FROM before WHERE b.id = before.id AND b.merchant_id = before.merchant_id
)
SELECT * FROM before;

-- name: moved
-- description: How much of a merchant's account had followed a break.
SELECT coalesce(sum(v.amount), 0)::bigint FROM account_moves v
JOIN breaks b ON b.merchant_id = v.merchant_id AND v.id = ANY (b.moves)
WHERE b.merchant_id = :merchant AND b.id = :id AND v.state = 'done';

-- name: followed
-- description: Keep by which move a merchant's account followed a break, or came back.
UPDATE breaks SET moves = moves || :move::uuid WHERE merchant_id = :merchant AND id = :id;

-- name: opens
-- description: Breaks that this file had ended, and that no row of it puts right any more, are open again.
UPDATE breaks b SET state = 'open', ended_in = NULL, decided_at = NULL
WHERE b.ended_in = :file AND b.state = 'agreed'
  AND NOT EXISTS (SELECT FROM clearing_rows r WHERE r.file_id = :file AND {put_right})
RETURNING id;

-- name: close_incidents
-- description: Close the incidents of files of which no break waits.
WITH ended AS (
    SELECT DISTINCT '' AS merchant_id, 'clearing_breaks' AS kind, f.name AS subject, :now::timestamptz AS at
    FROM clearing_files f
    WHERE f.id = ANY (:files::uuid[])
      AND NOT EXISTS (SELECT FROM breaks b JOIN clearing_files s ON s.id = b.file_id
                      WHERE s.name = f.name AND b.state IN ('open', 'asked'))
)
{close_ended};
