-- name: alone
-- description: Whether nobody else seals here just now; held until the transaction's end.
SELECT pg_try_advisory_xact_lock(1634628213, 'seals'::regclass::oid::integer);

-- name: last
-- description: The end of the chain.
SELECT number, hash FROM seals ORDER BY number DESC LIMIT 1;

-- name: sealed_until
-- description: The time of the latest audit row that is sealed.
SELECT max(at) FROM (SELECT at FROM seals WHERE what = 'audit' ORDER BY number DESC LIMIT 1000) s;

-- name: unsealed
-- description: Audit rows that are not sealed, the oldest first, from a time on.
SELECT id, at, who, role, action, object, reason, detail FROM audit a
WHERE a.at >= :since::timestamptz
  AND NOT EXISTS (SELECT FROM seals s WHERE s.id = a.id AND s.line = 0)
ORDER BY a.at, a.id LIMIT :limit;

-- name: unsealed_cases
-- description: Cases of a time, or named in the audit log since then, whose history has gone on.
SELECT c.id, c.events AS line, c.head AS digest, c.opened_at AS at FROM cases c
WHERE (c.opened_at >= :since::timestamptz OR c.id = ANY (ARRAY(
        SELECT (a.detail ->> 'case')::uuid FROM audit a
        WHERE a.at >= :since AND a.detail ? 'case')))
  AND c.events > 0
  AND NOT EXISTS (SELECT FROM seals s WHERE s.id = c.id AND s.line = c.events)
ORDER BY c.opened_at, c.id LIMIT :limit;

-- name: add
-- description: Go on with the chain.
INSERT INTO seals (number, what, id, line, digest, hash, at)
SELECT * FROM unnest(:numbers::bigint[], :whats::text[], :ids::uuid[], :lines::integer[],
                     :digests::bytea[], :hashes::bytea[], :ats::timestamptz[]);

-- name: read
-- description: A part of the chain, with what is sealed as it stands now.
SELECT s.number, s.what, s.id, s.line, s.digest, s.hash, s.at, a.id IS NOT NULL AS there,
       a.at AS audit_at, a.who, a.role, a.action, a.object, a.reason, a.detail,
       e.hash AS head
FROM seals s
LEFT JOIN audit a ON s.what = 'audit' AND a.id = s.id
LEFT JOIN LATERAL (
    SELECT hash FROM case_events e WHERE s.what = 'case' AND e.case_id = s.id AND e.line = s.line
    LIMIT 1) e ON true
WHERE s.number > :after ORDER BY s.number LIMIT :limit;

-- name: left_out
-- description: Audit rows of before a time that were never sealed: written behind the chain's back.
SELECT id, action, object FROM audit a
WHERE a.at < :before::timestamptz
  AND NOT EXISTS (SELECT FROM seals s WHERE s.id = a.id AND s.line = 0)
ORDER BY a.at, a.id LIMIT :limit;

-- name: at
-- description: A link of the chain.
SELECT hash FROM seals WHERE number = :number;
