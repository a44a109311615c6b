-- name: bucket
-- description: The beginning of the bucket that a row belongs to.
date_bin(:bucket::interval, slot, '2000-01-01 00:00+00');

-- name: course
-- description: What an issuer did since a moment, in buckets of time.
SELECT {bucket} AS at,
       sum(requests)::integer AS requests, sum(approvals)::integer AS approvals,
       sum(silent)::integer AS silent, sum(not_sent)::integer AS not_sent,
       sum(late)::integer AS late, sum(faults)::integer AS faults,
       sum(link_drops)::integer AS link_drops, sum(garbled)::integer AS garbled,
       sum(voids)::integer AS voids, sum(void_approvals)::integer AS void_approvals
FROM issuer_stats WHERE issuer_id = :issuer AND slot >= :since GROUP BY 1 ORDER BY 1;

-- name: codes
-- description: Response codes of an issuer in the same buckets.
SELECT {bucket} AS at, c.key AS code,
       sum(c.value::integer)::integer AS count
FROM issuer_stats, jsonb_each_text(codes) AS c
WHERE issuer_id = :issuer AND slot >= :since GROUP BY 1, 2 ORDER BY 1, 2;

-- name: latencies
-- description: Answers of an issuer in the same buckets, by bucket of latency (from 1 on).
SELECT {bucket} AS at, l.place::integer AS place,
       sum(l.count)::integer AS count
FROM issuer_stats, unnest(latencies) WITH ORDINALITY AS l (count, place)
WHERE issuer_id = :issuer AND slot >= :since AND l.count > 0 GROUP BY 1, 2 ORDER BY 1, 2;
