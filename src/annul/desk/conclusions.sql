-- name: maker
-- description: Who made the key that begins so ($1), if it is in force at $2 and only one person's.
SELECT min(created_by) FROM api_keys
WHERE prefix = $1 AND (ended_at IS NULL OR ended_at > $2)
HAVING count(DISTINCT created_by) = 1;
