-- name: maker
-- description: Who made the key that begins so, if it is in force and only one person's.
SELECT min(created_by) FROM api_keys
WHERE prefix = :prefix AND (ended_at IS NULL OR ended_at > :now)
HAVING count(DISTINCT created_by) = 1;
