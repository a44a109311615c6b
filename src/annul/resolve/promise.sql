-- name: promise
-- description: How the promise is kept, for cases opened since $1, at $2; open and unproved ones always count. Of merchant $3 or all.
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
       coalesce(extract(epoch FROM $2 - min(opened_at) FILTER (WHERE ended = '')), 0)::float8
           AS oldest_s,
       coalesce(sum(amount) FILTER (WHERE ended IN ('', 'unproved')), 0)::bigint AS in_question
FROM (
    SELECT *, CASE WHEN ended IN ('', 'unproved') THEN $2 ELSE ended_at END AS until
    FROM cases
    WHERE (opened_at >= $1 OR ended IN ('', 'unproved')) AND ($3 = '' OR merchant_id = $3)) c;

-- name: by_cause
-- description: Time to the end by cause, in seconds, for cases opened since $1, of merchant $2 or all.
SELECT cause, count(*)::integer AS cases,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - opened_at))::float8
           AS p50_s,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - opened_at))::float8
           AS p99_s,
       max(extract(epoch FROM ended_at - opened_at))::float8 AS max_s
FROM cases WHERE opened_at >= $1 AND ended NOT IN ('', 'unproved') AND ($2 = '' OR merchant_id = $2)
GROUP BY cause ORDER BY cases DESC, cause;
