-- name: promise
-- description: How the promise is kept; open and unproved cases count whenever they were opened.
SELECT count(*)::integer AS cases,
       count(*) FILTER (WHERE ended = '')::integer AS open,
       count(*) FILTER (WHERE ended = 'voided')::integer AS voided,
       count(*) FILTER (WHERE ended = 'refunded')::integer AS refunded,
       count(*) FILTER (WHERE ended = 'refused')::integer AS refused,
       count(*) FILTER (WHERE ended = 'unproved')::integer AS unproved,
       count(*) FILTER (WHERE ended_at <= first_due_at AND ended <> 'unproved')::integer AS in_time,
       count(*) FILTER (WHERE until > first_due_at)::integer AS late,
       count(*) FILTER (WHERE until > due_at)::integer AS late_by_cause,
       count(*) FILTER (WHERE ended IN ('', 'unproved') AND task <> '')::integer AS asked,
       coalesce(extract(epoch FROM :now - min(opened_at) FILTER (WHERE ended = '')), 0)::float8
           AS oldest_s,
       coalesce(sum(amount) FILTER (WHERE ended IN ('', 'unproved')), 0)::bigint AS in_question
FROM (
    SELECT *, CASE WHEN ended IN ('', 'unproved') THEN :now ELSE ended_at END AS until
    FROM cases
    WHERE (opened_at >= :since OR ended IN ('', 'unproved'))
      AND (:merchant = '' OR merchant_id = :merchant)) c;

-- name: by_cause
-- description: Time to the end by cause, in seconds, for cases opened since a moment.
SELECT cause, count(*)::integer AS cases,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - opened_at))::float8
           AS p50_s,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - opened_at))::float8
           AS p99_s,
       max(extract(epoch FROM ended_at - opened_at))::float8 AS max_s
FROM cases
WHERE opened_at >= :since AND ended NOT IN ('', 'unproved')
  AND (:merchant = '' OR merchant_id = :merchant)
GROUP BY cause ORDER BY cases DESC, cause;
