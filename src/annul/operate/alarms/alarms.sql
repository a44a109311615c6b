-- Alarms: what hosts count, what is usual for a stream, and how it stands.

-- name: count
-- description: Write down what a host has counted: each column is one text, its first value is none.
INSERT INTO watch_counts (id, at, issuer_id, kind, card_range, software, merchant,
                          approved, declined, faults, silent, slow)
SELECT c.id, :at, c.issuer_id, c.kind, c.card_range, c.software, c.merchant,
       c.approved, c.declined, c.faults, c.silent, c.slow
FROM unnest((string_to_array(:id, E'\x1f'))[2:]::uuid[],
            (string_to_array(:issuer_id, E'\x1f'))[2:],
            (string_to_array(:kind, E'\x1f'))[2:],
            (string_to_array(:card_range, E'\x1f'))[2:],
            (string_to_array(:software, E'\x1f'))[2:],
            (string_to_array(:merchant, E'\x1f'))[2:],
            (string_to_array(:approved, E'\x1f'))[2:]::integer[],
            (string_to_array(:declined, E'\x1f'))[2:]::integer[],
            (string_to_array(:faults, E'\x1f'))[2:]::integer[],
            (string_to_array(:silent, E'\x1f'))[2:]::integer[],
            (string_to_array(:slow, E'\x1f'))[2:]::integer[])
    AS c (id, issuer_id, kind, card_range, software, merchant,
          approved, declined, faults, silent, slow);

-- name: software
-- description: What runs on the terminals.
SELECT merchant_id, terminal_id, software FROM terminals WHERE software <> '';

-- name: slow
-- description: From how many milliseconds on an issuer's answer is slow.
SELECT member AS issuer_id, slow_ms FROM watched WHERE scope = 'issuer' AND slow_ms > 0;

-- name: lock
-- description: Whether this process may judge now; until the end of the transaction.
SELECT pg_try_advisory_xact_lock(1634628213, 'watched'::regclass::oid::integer);

-- name: take
-- description: Take what was counted, the oldest first, and keep it among what was counted lately.
-- Silences of an issuer that was held are left out.
WITH taken AS (
    DELETE FROM watch_counts
    WHERE id = ANY (ARRAY(SELECT id FROM watch_counts ORDER BY id LIMIT :limit))
    RETURNING *
), gone AS (
    SELECT id, at, issuer_id, kind, card_range, software, merchant, approved, declined, faults,
           CASE WHEN EXISTS (
               SELECT FROM unnest(:held::text[], :held_since::timestamptz[], :held_until::timestamptz[])
                   AS h (issuer_id, since, until)
               WHERE h.issuer_id = t.issuer_id AND t.at BETWEEN h.since AND h.until) THEN 0 ELSE silent END AS silent,
           slow
    FROM taken t
), kept AS (
    INSERT INTO watched_ways SELECT * FROM gone
)
SELECT issuer_id, kind, card_range, software, merchant, sum(approved)::integer AS approved,
       sum(declined)::integer AS declined, sum(faults)::integer AS faults,
       sum(silent)::integer AS silent, sum(slow)::integer AS slow, min(at) AS at
FROM gone GROUP BY issuer_id, kind, card_range, software, merchant;

-- name: lately
-- description: What was counted since.
SELECT issuer_id, kind, card_range, software, merchant, sum(approved)::integer AS approved,
       sum(declined)::integer AS declined, sum(faults)::integer AS faults,
       sum(silent)::integer AS silent, sum(slow)::integer AS slow
FROM watched_ways WHERE at >= :since GROUP BY issuer_id, kind, card_range, software, merchant;

-- name: forget
-- description: Let go of what was counted before.
DELETE FROM watched_ways WHERE at < :before;

-- name: columns
-- description: Part: a stream as it stands.
SELECT w.scope, w.member, w.hour, w.counts, w.mean, w.upper, w.accounts, w.trails,
       nullif(w.alarms, '{}') AS alarms, w.slow_ms

-- name: streams
-- description: Streams as they stand, with those that have an alarm.
{columns}
FROM unnest(:scopes::text[], :members::text[]) AS s (scope, member) JOIN watched w USING (scope, member)
UNION ALL
{columns}
FROM watched w
WHERE w.alarms <> '{}'::jsonb
  AND NOT EXISTS (SELECT FROM unnest(:scopes::text[], :members::text[]) AS s (scope, member)
                  WHERE s.scope = w.scope AND s.member = w.member);

-- name: put
-- description: Write streams as they stand now.
INSERT INTO watched (scope, member, hour, counts, mean, upper, accounts, trails, alarms, slow_ms, seen_at)
SELECT p.scope, p.member, :hour::timestamptz, string_to_array(p.counts, ',')::bigint[],
       string_to_array(p.mean, ',')::float8[], string_to_array(p.upper, ',')::float8[],
       string_to_array(p.accounts, ',')::float8[], string_to_array(p.trails, ',')::float8[],
       coalesce(p.alarms, '{}'), p.slow_ms, :now
FROM unnest(:scopes::text[], :members::text[], :counts::text[], :mean::text[], :upper::text[],
            :accounts::text[], :trails::text[], :alarms::jsonb[], :slow_ms::integer[])
    AS p (scope, member, counts, mean, upper, accounts, trails, alarms, slow_ms)
ON CONFLICT (scope, member) DO UPDATE
SET hour = excluded.hour, counts = excluded.counts, mean = excluded.mean, upper = excluded.upper,
    accounts = excluded.accounts, trails = excluded.trails, alarms = excluded.alarms,
    slow_ms = excluded.slow_ms, seen_at = excluded.seen_at;

-- name: put_hours
-- description: Keep hours that are over.
INSERT INTO watched_hours (scope, member, hour, approved, declined, faults, silent, slow, usual)
SELECT k.*, true
FROM unnest(:scopes::text[], :members::text[], :hours::timestamptz[], :approved::integer[],
            :declined::integer[], :faults::integer[], :silent::integer[], :slow::integer[])
    AS k (scope, member, hour, approved, declined, faults, silent, slow)
ON CONFLICT (scope, member, hour) DO UPDATE
SET approved = watched_hours.approved + excluded.approved,
    declined = watched_hours.declined + excluded.declined,
    faults = watched_hours.faults + excluded.faults, silent = watched_hours.silent + excluded.silent,
    slow = watched_hours.slow + excluded.slow;

-- name: not_usual
-- description: Learn nothing from the hours of streams since a trouble began.
UPDATE watched_hours h SET usual = false
FROM unnest(:scopes::text[], :members::text[], :since::timestamptz[]) AS s (scope, member, since)
WHERE h.scope = s.scope AND h.member = s.member AND h.hour >= date_trunc('hour', s.since) AND h.usual;

-- name: histories
-- description: What is known of streams by measure: all usual hours, and the same hour of such days.
-- `within` is what hours differ from others of their hour of day, `between` what these differ.
WITH hours AS (
    SELECT h.*, extract(hour FROM h.hour AT TIME ZONE :zone)::integer AS o,
           extract(isodow FROM h.hour AT TIME ZONE :zone) > 5 AS rest
    FROM unnest(:scopes::text[], :members::text[]) AS s (scope, member)
    JOIN watched_hours h USING (scope, member)
    WHERE h.hour >= :since AND h.usual
), cells AS (
    SELECT h.scope, h.member, m.measure, h.o, h.rest, count(*) AS hours, sum(m.n)::float8 AS n,
           sum(m.bad)::float8 AS bad, sum(m.bad::float8 * m.bad / m.n) AS squares
    FROM hours h CROSS JOIN LATERAL (VALUES
        (0, h.approved + h.declined, h.declined),
        (1, h.approved + h.declined + h.faults, h.faults),
        (2, h.approved + h.declined + h.faults + h.silent, h.silent),
        (3, h.approved + h.declined + h.faults, h.slow)) AS m (measure, n, bad)
    WHERE m.n > 0
    GROUP BY h.scope, h.member, m.measure, h.o, h.rest
)
SELECT scope, member, measure, sum(n) AS count, sum(bad) AS bad, sum(hours)::integer AS hours,
       count(*)::integer AS cells, sum(squares - bad * bad / n) AS within,
       sum(bad * bad / n) - sum(bad) * sum(bad) / sum(n) AS between,
       coalesce(sum(n) FILTER (WHERE here), 0) AS here,
       coalesce(sum(bad) FILTER (WHERE here), 0) AS here_bad,
       coalesce(sum(hours) FILTER (WHERE here), 0)::integer AS here_hours
FROM (SELECT *, o = :o::integer AND rest = :rest::boolean AS here FROM cells) c
GROUP BY scope, member, measure;

-- name: latencies
-- description: How long issuers took for their answers in the last days, by bucket.
SELECT issuer_id, array_agg(n ORDER BY bucket) AS latencies
FROM (SELECT s.issuer_id, l.bucket, sum(l.n)::bigint AS n
      FROM issuer_stats s, unnest(s.latencies) WITH ORDINALITY AS l (n, bucket)
      WHERE s.slot >= :since AND s.issuer_id = ANY (:issuers::text[])
      GROUP BY s.issuer_id, l.bucket) b
GROUP BY issuer_id;

-- name: waiting
-- description: Open cases of a stream since then: how many, their money, and the leading cause.
WITH mine AS (
    SELECT c.amount, c.currency, c.cause FROM cases c
    WHERE c.ended = '' AND c.opened_at >= :since
      AND :issuer::text IN ('', c.issuer_id) AND :kind::text IN ('', c.kind)
      AND :merchant::text IN ('', c.merchant_id)
      AND (:card_range::text = '' OR left(c.card_masked, 6) = :card_range)
      AND (:software::text = '' OR EXISTS (
          SELECT FROM terminals t WHERE t.merchant_id = c.merchant_id
             AND t.terminal_id = c.terminal_id AND t.software = :software))
), causes AS (
    SELECT cause, count(*) AS n FROM mine WHERE cause <> '' GROUP BY cause ORDER BY n DESC, cause LIMIT 1
)
SELECT (SELECT count(*)::integer FROM mine) AS cases,
       (SELECT coalesce(json_object_agg(currency, amount), '{}')::jsonb
        FROM (SELECT currency, sum(amount)::bigint AS amount FROM mine GROUP BY currency) m) AS money,
       (SELECT cause FROM causes) AS cause,
       (SELECT n::integer FROM causes) AS of_cause,
       (SELECT trouble FROM issuer_links
        WHERE issuer_id = :issuer AND NOT up ORDER BY at DESC LIMIT 1) AS line,
       (SELECT open FROM circuits WHERE issuer_id = :issuer) AS circuit,
       (SELECT code FROM (
            SELECT e.key AS code, sum(e.value::integer) AS n
            FROM issuer_stats s, jsonb_each_text(s.codes) e
            WHERE s.slot >= :since AND s.issuer_id = :issuer AND NOT e.key IN ({booked})
            GROUP BY e.key ORDER BY n DESC, e.key LIMIT 1) x) AS code;
