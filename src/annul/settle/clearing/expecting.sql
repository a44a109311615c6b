-- Clearing files that are expected: what came before, and what is late.

-- name: came
-- description: Files that came, whether they stand or not, by what they tell of: each reading by itself.
SELECT layout, issuers, settles_on, read_at AS at, state IN ('staged', 'committed') AS stands
FROM clearing_files
WHERE digest <> '' AND state <> 'loading'
  AND settles_on >= least(:since::date, (SELECT min(settles_on) FROM clearing_late WHERE came_at IS NULL))
ORDER BY read_at, id;

-- name: late
-- description: Keep that files are late; gives those that were not, and those that had come and were taken away again.
INSERT INTO clearing_late AS l (layout, issuers, settles_on, due_at, raised_at)
SELECT x.layout, string_to_array(x.issuers, ','), x.settles_on, x.due_at, :now
FROM unnest(:layouts::text[], :issuers::text[], :days::date[], :due_at::timestamptz[])
    AS x (layout, issuers, settles_on, due_at)
ORDER BY x.layout, 2, x.settles_on
ON CONFLICT (layout, issuers, settles_on) DO UPDATE
SET due_at = excluded.due_at, raised_at = excluded.raised_at, came_at = NULL
WHERE l.came_at IS NOT NULL
RETURNING layout, issuers, settles_on, due_at;

-- name: open
-- description: Files that are late and have not come.
SELECT layout, issuers, settles_on FROM clearing_late WHERE came_at IS NULL;

-- name: arrived
-- description: Keep that files came that were late; gives those that had not.
UPDATE clearing_late l SET came_at = x.came_at
FROM unnest(:layouts::text[], :issuers::text[], :days::date[], :came_at::timestamptz[])
    AS x (layout, issuers, settles_on, came_at)
WHERE l.layout = x.layout AND l.issuers = string_to_array(x.issuers, ',')
  AND l.settles_on = x.settles_on AND l.came_at IS NULL
RETURNING l.layout, l.issuers, l.settles_on;

-- name: tell
-- description: Tell merchants that listen, and had rows in the latest such file that counts, that one is late.
WITH latest AS (
    SELECT id FROM clearing_files
    WHERE state = 'committed' AND (:layout = '' OR layout = :layout)
      AND (issuers = '{}' OR :issuers::text[] <> '{}' AND issuers @> :issuers::text[])
      AND settles_on < :day
    ORDER BY settles_on DESC, committed_at DESC LIMIT 1
)
INSERT INTO notifications (merchant_id, id, case_id, event, payload, created_at, next_attempt_at)
SELECT w.merchant_id, gen_random_uuid(), l.id, :event,
       jsonb_build_object('merchant', w.merchant_id, 'layout', :layout, 'settles_on', :day::date,
                          'due_at', :due_at::timestamptz, 'latest', l.id),
       :now::timestamptz, :now::timestamptz
FROM latest l CROSS JOIN (SELECT DISTINCT merchant_id FROM webhooks WHERE active) w
WHERE EXISTS (SELECT FROM clearing_rows r WHERE r.file_id = l.id AND r.merchant_id = w.merchant_id);
