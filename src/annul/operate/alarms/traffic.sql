-- Whether requests come where they are the rule.

-- name: beat
-- description: Note that somebody judges now, and say since when without a pause.
INSERT INTO watch_turns AS w (one, began_at, turned_at) VALUES (true, :now, :now)
ON CONFLICT (one) DO UPDATE
SET began_at = CASE WHEN w.turned_at < :pause THEN excluded.began_at ELSE w.began_at END,
    turned_at = excluded.turned_at
RETURNING began_at;

-- name: anew
-- description: Count silences from now on.
UPDATE watch_turns SET began_at = :now;

-- name: follow
-- description: Look at streams from now on.
INSERT INTO watched_traffic (scope, member, looks_at, rates, whole)
SELECT s.scope, s.member, :now, '{}', '{}'
FROM unnest(:scopes::text[], :members::text[]) AS s (scope, member)
ON CONFLICT DO NOTHING;

-- name: stream
-- description: Part: a stream with when it was last heard.
SELECT t.scope, t.member, t.learnt_at, t.rates, t.whole, t.silent_since, w.seen_at
FROM watched_traffic t JOIN watched w USING (scope, member)

-- name: due
-- description: Streams that are to be looked at, the longest waiting first.
{stream} WHERE t.looks_at <= :now ORDER BY t.looks_at LIMIT :limit;

-- name: these
-- description: Some streams.
{stream} JOIN unnest(:scopes::text[], :members::text[]) AS s (scope, member) USING (scope, member);

-- name: heard
-- description: Streams that have been heard again after an alarm.
{stream} WHERE t.silent_since IS NOT NULL AND w.seen_at > t.silent_since;

-- name: next
-- description: Write when streams are looked at next, and what was learnt of them.
UPDATE watched_traffic t
SET looks_at = n.looks_at, learnt_at = n.learnt_at, silent_since = n.silent_since,
    rates = string_to_array(n.rates, ',')::float8[],
    whole = string_to_array(n.whole, ',')::boolean[]
FROM unnest(:scopes::text[], :members::text[], :looks_at::timestamptz[], :learnt_at::timestamptz[],
            :silent_since::timestamptz[], :rates::text[], :whole::text[])
    AS n (scope, member, looks_at, learnt_at, silent_since, rates, whole)
WHERE t.scope = n.scope AND t.member = n.member;

-- name: gone
-- description: Look at streams no more; they are followed again when they are heard.
DELETE FROM watched_traffic t USING unnest(:scopes::text[], :members::text[]) AS s (scope, member)
WHERE t.scope = s.scope AND t.member = s.member;

-- name: cells
-- description: How many requests streams had by hour and kind of day, in the days before today.
-- `unusual` are days on which the hour was one of trouble; it is not known of them.
SELECT scope, member, rest, o, count(*) FILTER (WHERE usual AND n > 0)::integer AS heard,
       count(*) FILTER (WHERE NOT usual)::integer AS unusual,
       coalesce(sum(n) FILTER (WHERE usual), 0)::float8 AS total,
       coalesce(sum(n::float8 * n) FILTER (WHERE usual), 0) AS squares
FROM (SELECT h.scope, h.member, extract(isodow FROM h.hour AT TIME ZONE :zone) > 5 AS rest,
             extract(hour FROM h.hour AT TIME ZONE :zone)::integer AS o, h.usual,
             h.approved + h.declined + h.faults + h.silent AS n
      FROM unnest(:scopes::text[], :members::text[]) AS s (scope, member)
      CROSS JOIN LATERAL (
          SELECT * FROM watched_hours w
          WHERE w.scope = s.scope AND w.member = s.member AND w.hour >= :since AND w.hour < :until) h
     ) x
GROUP BY scope, member, rest, o;

-- name: days
-- description: Of how many days something is known since a stream was first heard, by kind of day.
-- `empty` are those on which it was not heard; the day on which it was first heard is left out.
WITH watched_days AS (
    SELECT DISTINCT (hour AT TIME ZONE :zone)::date AS day FROM watched_hours
    WHERE scope = 'all' AND member = '' AND hour >= :since AND hour < :until
), heard AS (
    SELECT DISTINCT s.scope, s.member, (h.hour AT TIME ZONE :zone)::date AS day
    FROM unnest(:scopes::text[], :members::text[]) AS s (scope, member)
    CROSS JOIN LATERAL (
        SELECT hour FROM watched_hours w
        WHERE w.scope = s.scope AND w.member = s.member AND w.hour >= :since AND w.hour < :until) h
), firsts AS (
    SELECT scope, member, min(day) AS day FROM heard GROUP BY scope, member
)
SELECT f.scope, f.member, extract(isodow FROM d.day) > 5 AS rest, count(*)::integer AS days,
       count(*) FILTER (WHERE h.day IS NULL)::integer AS empty
FROM firsts f JOIN watched_days d ON d.day > f.day
LEFT JOIN heard h ON h.scope = f.scope AND h.member = f.member AND h.day = d.day
GROUP BY f.scope, f.member, rest;

-- name: not_usual
-- description: Learn nothing from the hours in which a stream was not heard.
INSERT INTO watched_hours AS w (scope, member, hour, approved, declined, faults, silent, slow, usual)
SELECT s.scope, s.member, h.hour, 0, 0, 0, 0, 0, false
FROM unnest(:scopes::text[], :members::text[], :since::timestamptz[]) AS s (scope, member, since)
CROSS JOIN generate_series(date_trunc('hour', s.since), :now::timestamptz, interval '1 hour') AS h (hour)
ON CONFLICT (scope, member, hour) DO UPDATE SET usual = false WHERE w.usual;
