-- How issuers are, as hosts see them and by what they answered lately.

-- name: issuers
-- description: Every issuer with its line as the hosts see it, and what it did since a moment.
-- Of voids there are few, so they are counted over a longer time.
SELECT i.issuer_id, i.name_zh, i.name_en, i.active, i.host, i.port, i.timeout_ms, i.bank,
       l.up, l.trouble, l.health, l.at AS seen_at,
       coalesce(s.requests, 0) AS requests, coalesce(s.approvals, 0) AS approvals,
       coalesce(s.silent, 0) AS silent, coalesce(s.faults, 0) AS faults,
       coalesce(v.voids, 0) AS voids, coalesce(v.void_approvals, 0) AS void_approvals
FROM issuers i
LEFT JOIN LATERAL (
    SELECT bool_and(up) AS up, max(trouble) FILTER (WHERE NOT up) AS trouble,
           max(health) FILTER (WHERE health <> 'up') AS health, max(at) AS at
    FROM issuer_links WHERE issuer_id = i.issuer_id AND at >= :since) l ON true
LEFT JOIN LATERAL (
    SELECT sum(requests)::integer AS requests, sum(approvals)::integer AS approvals,
           sum(silent)::integer AS silent, sum(faults)::integer AS faults
    FROM issuer_stats WHERE issuer_id = i.issuer_id AND slot >= :since) s ON true
LEFT JOIN LATERAL (
    SELECT sum(voids)::integer AS voids, sum(void_approvals)::integer AS void_approvals
    FROM issuer_stats WHERE issuer_id = i.issuer_id AND slot >= :voids_since) v ON true
ORDER BY i.issuer_id;
