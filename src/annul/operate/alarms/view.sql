-- Streams for somebody who looks at them.

-- name: streams
-- description: Streams as they stand, with what is known of how many requests come.
SELECT w.scope, w.member, w.hour, w.counts, w.mean, w.upper, w.accounts, w.trails,
       nullif(w.alarms, '{}') AS alarms, w.slow_ms, w.seen_at, t.rates, t.silent_since
FROM watched w LEFT JOIN watched_traffic t USING (scope, member)
WHERE (:scope::text = '' OR w.scope = :scope) AND (:member::text = '' OR w.member = :member)
ORDER BY w.scope, w.member;
