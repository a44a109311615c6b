-- What a host process says of itself.

-- name: comes_round
-- description: Take back that loops of a process ($1, as its incidents begin) stand still: $2 now.
UPDATE incidents SET closed_at = $2
WHERE merchant_id = '' AND kind = 'loop_stands_still' AND closed_at IS NULL
  AND starts_with(detail, $1 || ':');
