-- Traffic as the alarms count it, from the journal.

-- name: slots
-- description: What became of requests by slot of so many seconds, as a host counts it: by way, and by merchant.
-- What one card fails at one merchant within a minute counts once. `reach` is before the stretch, for that.
WITH asked AS (
    SELECT t.received_at AS at, t.issuer_id, t.kind, left(t.card_masked, 6) AS card_range, t.merchant_id,
           coalesce(x.software, '') AS software, t.card_hash,
           CASE WHEN t.sent = 'possibly_sent' OR t.why LIKE 'link_%' THEN 3
                WHEN t.response_code IN ({booked}) THEN 0
                WHEN t.response_code IN ({faults}) THEN 2 ELSE 1 END AS outcome,
           t.answered_at - t.received_at > make_interval(
               secs => nullif((:slow::jsonb ->> t.issuer_id)::float8, 0) / 1000) AS slow
    FROM transactions t LEFT JOIN terminals x USING (merchant_id, terminal_id)
    WHERE t.received_at >= :reach AND t.received_at < :until AND t.state <> 'sent' AND t.issuer_id <> ''
      AND (t.sent <> 'not_sent' OR t.why LIKE 'link_%')
), counted AS (
    SELECT * FROM asked WHERE outcome = 0 OR card_hash = ''::bytea
    UNION ALL
    SELECT at, issuer_id, kind, card_range, merchant_id, software, card_hash, outcome, slow
    FROM (SELECT *, at - lag(at) OVER (PARTITION BY card_hash, merchant_id ORDER BY at) AS apart
          FROM asked WHERE outcome <> 0 AND card_hash <> ''::bytea) f
    WHERE apart IS NULL OR apart >= interval '60 s'
)
SELECT floor(extract(epoch FROM at) / :slot::float8)::bigint AS slot, issuer_id, coalesce(kind, '') AS kind,
       coalesce(card_range, '') AS card_range,
       CASE WHEN GROUPING(merchant_id) = 0 THEN '' ELSE software END AS software,
       coalesce(merchant_id, '') AS merchant,
       count(*) FILTER (WHERE outcome = 0)::integer, count(*) FILTER (WHERE outcome = 1)::integer,
       count(*) FILTER (WHERE outcome = 2)::integer, count(*) FILTER (WHERE outcome = 3)::integer,
       count(*) FILTER (WHERE outcome < 3 AND slow)::integer
FROM counted WHERE at >= :since
GROUP BY GROUPING SETS ((1, issuer_id, kind, card_range, software), (1, issuer_id, merchant_id))
ORDER BY 1;

-- name: hours
-- description: Usual hours of streams before a time, from which is learnt what is usual.
SELECT scope, member, hour, approved, declined, faults, silent, slow FROM watched_hours
WHERE hour >= :since AND hour < :until AND usual AND NOT (scope = 'kind' AND member ~ ' (echo|probe|reversal)$');

-- name: slow
-- description: From how many milliseconds on an issuer's answer is slow.
SELECT coalesce(json_object_agg(member, slow_ms), '{}')::jsonb FROM watched WHERE scope = 'issuer' AND slow_ms > 0;
