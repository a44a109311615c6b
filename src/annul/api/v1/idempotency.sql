-- name: claim
-- description: Begin under a key, unless it was used before: $1 who, $2 key, $3 fingerprint, $4 what is made, $5 now.
INSERT INTO idempotency (who, key, fingerprint, answer, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING key;

-- name: find
-- description: What a key was used for.
SELECT fingerprint, status, answer FROM idempotency WHERE who = $1 AND key = $2;

-- name: take_over
-- description: Go on ($3 now) for a process that has ended: nothing was answered since before $4.
UPDATE idempotency SET created_at = $3
WHERE who = $1 AND key = $2 AND status IS NULL AND created_at < $4
RETURNING answer;

-- name: keep
-- description: Keep the answer.
UPDATE idempotency SET status = $3, answer = $4 WHERE who = $1 AND key = $2;

-- name: free
-- description: Give a key back under which nothing was done.
DELETE FROM idempotency WHERE who = $1 AND key = $2 AND status IS NULL;

-- name: sweep
-- description: Forget what is older than $1.
DELETE FROM idempotency WHERE created_at < $1;
