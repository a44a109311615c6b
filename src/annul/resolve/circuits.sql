-- One circuit per issuer, shared by all processes.

-- name: read
-- description: Every circuit that is open.
SELECT issuer_id, next_probe_at FROM circuits WHERE open;

-- name: failed
-- description: Count a failure; from so many on the circuit opens.
INSERT INTO circuits AS c (issuer_id, failures, open, next_probe_at)
VALUES (:issuer, 1, 1 >= :opens_from, :next_probe_at)
ON CONFLICT (issuer_id) DO UPDATE
SET failures = c.failures + 1, open = c.open OR c.failures + 1 >= :opens_from,
    next_probe_at = greatest(c.next_probe_at, excluded.next_probe_at)
RETURNING open, next_probe_at;

-- name: worked
-- description: Close a circuit.
UPDATE circuits SET failures = 0, open = false WHERE issuer_id = :issuer AND (open OR failures > 0)
RETURNING issuer_id;

-- name: probe
-- description: Be the one that tries, and say when the next one may.
UPDATE circuits SET next_probe_at = :next_probe_at
WHERE issuer_id = :issuer AND open AND next_probe_at <= :now
RETURNING issuer_id;

-- name: release
-- description: Let the cases that waited for an issuer go on, spread over some seconds.
UPDATE cases c
SET next_action_at = :now::timestamptz + random() * :spread_s::float8 * interval '1 second'
FROM (SELECT merchant_id, id FROM cases
      WHERE issuer_id = :issuer AND ended = '' AND step = 'wait_health'
      -- In one order: several processes may see at once that it works again.
      ORDER BY id, merchant_id FOR UPDATE) waiting
WHERE c.merchant_id = waiting.merchant_id AND c.id = waiting.id;
