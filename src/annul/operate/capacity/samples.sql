-- What host processes measure by the minute, and what they and the journal say of the last weeks.

-- name: database
-- description: What the database has done since its start, and how large it is now.
SELECT d.active_time / 1000 AS active_s, d.xact_commit AS commits, d.blks_read AS read,
       d.blks_hit AS hit, pg_database_size(d.datname) AS bytes,
       (SELECT sum(numbackends)::integer FROM pg_stat_database) AS connections,
       current_setting('max_connections')::integer
           - current_setting('superuser_reserved_connections')::integer AS allowed,
       pg_backend_pid() AS backend,
       (SELECT jsonb_object_agg(relname, bytes)
        FROM (SELECT c.relname, pg_total_relation_size(c.oid) AS bytes FROM pg_class c
              WHERE c.relkind IN ('r', 'p') AND c.relnamespace = (
                  SELECT relnamespace FROM pg_class WHERE oid = 'host_samples'::regclass)
              ORDER BY bytes DESC LIMIT :tables) AS largest) AS tables
FROM pg_stat_database d WHERE d.datname = current_database();

-- name: keep
-- description: Keep what a host process has measured in the last minute.
INSERT INTO host_samples (node, at, seconds, transactions, statements, cpu_s, answers, lanes,
    db_active_s, db_cpu_s, db_commits, db_read, db_hit, db_connections, db_allowed,
    db_bytes, db_tables, disk_free, disk_total)
VALUES (:node, :at, :seconds, :transactions, :statements, :cpu_s, :answers, :lanes,
    :db_active_s, :db_cpu_s, :db_commits, :db_read, :db_hit, :db_connections, :db_allowed,
    :db_bytes, :db_tables, :disk_free, :disk_total)
ON CONFLICT DO NOTHING;

-- name: next_hour
-- description: The first hour after the last counted one in which anything came.
SELECT date_trunc('hour', min(t.received_at)) AS hour FROM transactions t
WHERE t.received_at >= coalesce(
    (SELECT max(hour) + interval '1 hour' FROM volumes), '-infinity');

-- name: count_hours
-- description: Count the transactions of some hours that are over, and the busiest second of each.
INSERT INTO volumes (hour, business_date, transactions, peak_second)
SELECT date_trunc('hour', second), business_date, sum(came), max(came)
FROM (SELECT date_trunc('second', received_at) AS second, business_date, count(*) AS came
      FROM transactions
      WHERE received_at >= :first AND received_at < :until
      GROUP BY 1, 2) AS seconds
GROUP BY 1, 2
ON CONFLICT DO NOTHING;

-- name: turn
-- description: Take the turn until the commit, if nobody else has it.
SELECT pg_try_advisory_xact_lock(hashtext('annul capacity'));

-- name: volumes
-- description: What each hour brought from a business day on.
SELECT hour, business_date, transactions, peak_second FROM volumes
WHERE business_date >= :since ORDER BY hour, business_date;

-- name: loads
-- description: What each host process has measured since a moment, by spans of some minutes.
SELECT node, date_bin(:width, at, 'epoch') AS at, sum(seconds) AS seconds,
       sum(transactions)::integer AS transactions, sum(statements)::integer AS statements,
       sum(cpu_s) AS cpu_s, sum(db_active_s) AS db_active_s, sum(db_cpu_s) AS db_cpu_s,
       sum(db_commits)::integer AS db_commits
FROM host_samples WHERE at >= :since
GROUP BY 1, 2 ORDER BY 2, 1;

-- name: lanes
-- description: How long statements took in quiet and busy minutes since a moment, by kind.
SELECT lane.key AS name, sum((lane.value->>'statements')::bigint)::bigint AS statements,
       sum((lane.value->>'rows')::bigint)::bigint AS rows,
       sum((lane.value->>'seconds')::float8) AS seconds
FROM host_samples s, jsonb_each(s.lanes) AS lane WHERE s.at >= :since
GROUP BY 1 ORDER BY 1;

-- name: lane_buckets
-- description: How many statements of each kind took how long, by bucket.
SELECT lane.key AS name, bucket.place::integer AS place, sum(bucket.came::integer)::bigint AS came
FROM host_samples s, jsonb_each(s.lanes) AS lane,
     jsonb_array_elements_text(lane.value->'took') WITH ORDINALITY AS bucket (came, place)
WHERE s.at >= :since
GROUP BY 1, 2 ORDER BY 1, 2;

-- name: answers
-- description: How many answers took how long since a moment, by bucket.
SELECT bucket.place::integer AS place, sum(bucket.came)::bigint AS came
FROM host_samples s, unnest(s.answers) WITH ORDINALITY AS bucket (came, place)
WHERE s.at >= :since
GROUP BY 1 ORDER BY 1;

-- name: issuers
-- description: How many answers of issuers took how long since a moment, by bucket.
SELECT bucket.place::integer AS place, sum(bucket.came)::bigint AS came
FROM issuer_stats s, unnest(s.latencies) WITH ORDINALITY AS bucket (came, place)
WHERE s.slot >= :since
GROUP BY 1 ORDER BY 1;

-- name: places
-- description: What each host process has said last, since a moment.
SELECT DISTINCT ON (node) node, at, db_connections, db_allowed, db_bytes, db_tables,
       disk_free, disk_total, db_cpu_s IS NOT NULL AS local
FROM host_samples WHERE at >= :since ORDER BY node, at DESC;

-- name: sizes
-- description: How large the database was at the end of each day since a moment.
SELECT DISTINCT ON (date_trunc('day', at)) at, db_bytes AS bytes,
       (SELECT coalesce(sum(v.transactions), 0)::bigint FROM volumes v WHERE v.hour < s.at) AS transactions
FROM host_samples s WHERE at >= :since ORDER BY date_trunc('day', at), at DESC;

-- name: most_connections
-- description: The most connections to the server that a minute has seen.
SELECT coalesce(max(db_connections), 0) AS connections FROM host_samples WHERE at >= :since;

-- name: report
-- description: What was worked out the last time.
SELECT at, report FROM capacity_reports;

-- name: tell
-- description: Keep what was worked out.
INSERT INTO capacity_reports (at, report) VALUES (:at, :report)
ON CONFLICT (one) DO UPDATE SET at = excluded.at, report = excluded.report;
