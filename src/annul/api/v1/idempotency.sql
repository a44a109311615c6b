-- name: claim
-- description: Begin under a key, unless it was used before; its answer is what will be made.
INSERT INTO idempotency (who, key, fingerprint, answer, created_at)
VALUES (:who, :key, :fingerprint, :answer, :now)
ON CONFLICT DO NOTHING
RETURNING key;

-- name: find
-- description: What a key was used for.
SELECT fingerprint, status, answer FROM idempotency WHERE who = :who AND key = :key;

-- name: take_over
-- description: Go on for a process that has ended: it has begun before a moment and not answered.
UPDATE idempotency SET created_at = :now
WHERE who = :who AND key = :key AND status IS NULL AND created_at < :before
RETURNING answer;

-- name: keep
-- description: Keep the answer.
UPDATE idempotency SET status = :status, answer = :answer WHERE who = :who AND key = :key;

-- name: free
-- description: Give a key back under which nothing was done.
DELETE FROM idempotency WHERE who = :who AND key = :key AND status IS NULL;
