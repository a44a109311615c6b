-- One circuit per issuer, shared by all processes.

-- name: read
-- description: Every circuit that is open.
SELECT issuer_id, next_probe_at FROM circuits WHERE open;

-- name: failed
-- description: Count a failure: $1 issuer, $2 from how many on it opens, $3 next probe.
INSERT INTO circuits AS c (issuer_id, failures, open, next_probe_at)
VALUES ($1, 1, 1 >= $2, $3)
ON CONFLICT (issuer_id) DO UPDATE
SET failures = c.failures + 1, open = c.open OR c.failures + 1 >= $2,
    next_probe_at = greatest(c.next_probe_at, excluded.next_probe_at)
RETURNING open, next_probe_at;

-- name: worked
-- description: Close a circuit.
UPDATE circuits SET failures = 0, open = false WHERE issuer_id = $1 AND (open OR failures > 0)
RETURNING issuer_id;

-- name: probe
-- description: Be the one that tries: $1 issuer, $2 now, $3 when the next one may.
UPDATE circuits SET next_probe_at = $3
WHERE issuer_id = $1 AND open AND next_probe_at <= $2
RETURNING issuer_id;

-- name: release
-- description: Let the cases that waited for an issuer go on, spread over $3 seconds from $2.
UPDATE cases SET next_action_at = $2::timestamptz + random() * $3::float8 * interval '1 second'
WHERE issuer_id = $1 AND ended = '' AND step = 'wait_health';
