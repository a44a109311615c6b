-- name: course
-- description: What issuers answered since a moment, in buckets of time.
SELECT issuer_id, date_bin(:bucket::interval, slot, '2000-01-01 00:00+00') AS at,
       sum(requests)::integer AS requests, sum(approvals)::integer AS approvals,
       sum(silent)::integer AS silent, sum(voids)::integer AS voids,
       sum(void_approvals)::integer AS void_approvals
FROM issuer_stats WHERE slot >= :since GROUP BY 1, 2 ORDER BY 1, 2;

-- name: alerts
-- description: Open incidents by kind, the gravest first; of each kind the latest, and how many there are.
-- A kind that nobody here knows is a warning.
SELECT i.*, c.number, h.number AS incident
FROM (
    SELECT id, merchant_id, kind, subject, params, detail, opened_at, transaction_id, head_id,
           count(*) OVER of_kind AS many,
           max(opened_at) OVER of_kind AS latest_at, min(opened_at) OVER of_kind AS first_at,
           row_number() OVER (PARTITION BY kind ORDER BY opened_at DESC, id) AS place
    FROM incidents WHERE closed_at IS NULL
    WINDOW of_kind AS (PARTITION BY kind)) i
LEFT JOIN cases c ON c.merchant_id = i.merchant_id AND c.id = i.transaction_id
LEFT JOIN incident_heads h ON h.id = i.head_id
WHERE i.place <= :each
ORDER BY i.kind = ANY (:critical::text[]) DESC, i.kind = ANY (:notice::text[]), i.latest_at DESC,
         i.kind, i.place
LIMIT :limit;

-- name: spread
-- description: How long cases took to their end by cause, in seconds: at these shares of them.
SELECT cause, count(*)::integer AS cases,
       percentile_cont(:points::float8[]) WITHIN GROUP (
           ORDER BY extract(epoch FROM ended_at - opened_at)::float8) AS points
FROM cases
WHERE opened_at >= :since AND ended NOT IN ('', 'unproved')
  AND (:merchant = '' OR merchant_id = :merchant)
GROUP BY cause;

-- name: open_of
-- description: How many incidents of a kind are open.
SELECT count(*) FROM incidents WHERE kind = :kind AND closed_at IS NULL;
