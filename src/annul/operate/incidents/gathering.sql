-- The turn that gathers what was raised into heads, and looks after those that are open.

-- name: alone
-- description: Whether this turn is the only one until its commit.
SELECT pg_try_advisory_xact_lock(1634628213, 'incident_heads'::regclass::oid::integer);

-- name: loose
-- description: What was raised and belongs to no head yet, with what its transaction or case says; held until the commit.
SELECT i.id, i.merchant_id, i.kind, i.subject, i.params, i.opened_at, i.closed_at,
       coalesce(t.issuer_id, c.issuer_id, '') AS issuer, coalesce(t.terminal_id, c.terminal_id, '') AS terminal,
       coalesce(nullif(c.confirmed, ''), c.cause, '') AS cause
FROM incidents i
LEFT JOIN transactions t ON t.merchant_id = i.merchant_id AND t.id = i.transaction_id
LEFT JOIN cases c ON c.merchant_id = i.merchant_id AND c.id = i.transaction_id
WHERE i.head_id IS NULL
ORDER BY i.opened_at, i.id LIMIT :limit
FOR UPDATE OF i SKIP LOCKED;

-- name: open_at
-- description: The open heads of some places; of one that was merged, where it went.
SELECT p.scope, p.member, p.merchant_id AS place_merchant, h.id, h.merchant_id
FROM unnest(:scopes::text[], :members::text[], :merchants::text[]) AS p (scope, member, merchant_id)
CROSS JOIN LATERAL (
    SELECT o.id, o.merchant_id, 0 AS order_of FROM incident_heads o
    WHERE o.scope = p.scope AND o.member = p.member AND o.merchant_id = p.merchant_id AND o.closed_at IS NULL
    UNION ALL
    SELECT o.id, o.merchant_id, 1 FROM incident_heads m JOIN incident_heads o ON o.id = m.merged_into
    WHERE m.scope = p.scope AND m.member = p.member AND m.merchant_id = p.merchant_id
      AND m.merged_into IS NOT NULL AND o.closed_at IS NULL
    ORDER BY order_of LIMIT 1) h;

-- name: look
-- description: Open heads that may have changed by themselves: what is open of them, the leading cause, a window.
-- Where no case leads, an alarm may have asked about what failed.
SELECT {columns}, o.open, d.down_at, coalesce(c.leading, a.leading) AS leading,
       CASE WHEN c.leading IS NULL THEN a.cases ELSE c.cases END AS cases,
       coalesce(c.of_all, a.of_all) AS of_all, w.until
FROM incident_heads h
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM incidents i WHERE i.head_id = h.id AND i.closed_at IS NULL) AS open) o
LEFT JOIN LATERAL (
    SELECT min(i.opened_at) AS down_at FROM incidents i
    WHERE i.head_id = coalesce(h.merged_into, h.id) AND i.closed_at IS NULL
      AND i.kind = ANY (:outages::text[]) AND i.params ->> 'issuer' = h.member) d ON h.scope = :issuer
LEFT JOIN LATERAL (
    SELECT k.cause AS leading, count(*)::integer AS cases, (sum(count(*)) OVER ())::integer AS of_all
    FROM cases k
    WHERE k.ended = '' AND k.issuer_id = h.member AND k.cause = ANY (:causes::text[])
    GROUP BY k.cause ORDER BY count(*) DESC, k.cause LIMIT 1) c ON h.scope = :issuer
LEFT JOIN LATERAL (
    SELECT max(p.valid_until) AS until FROM policies p
    WHERE p.issuer_id = h.member AND p.kind IN ('maintenance', 'end_of_day')
      AND p.valid_from <= :now AND p.valid_until > :now) w ON h.scope = :issuer
LEFT JOIN LATERAL (
    SELECT i.params -> 'cause' ->> 'name' AS leading, (i.params -> 'cause' ->> 'of')::integer AS cases,
           (i.params -> 'cause' ->> 'asked')::integer AS of_all
    FROM incidents i
    WHERE i.head_id = h.id AND i.closed_at IS NULL AND i.params -> 'cause' ->> 'name' = ANY (:known::text[])
    ORDER BY i.opened_at, i.id LIMIT 1) a ON h.cause = ''
WHERE h.closed_at IS NULL
  AND (h.scope = :issuer OR h.quiet_since IS NOT NULL OR NOT o.open OR a.leading IS NOT NULL)
   -- What was merged into another one still says whether its issuer works.
   OR h.scope = :issuer AND h.merged_into IS NOT NULL
      AND (h.up_at IS NULL AND h.down_since IS NOT NULL
           OR EXISTS (SELECT FROM incident_heads m WHERE m.id = h.merged_into AND m.closed_at IS NULL));

-- name: downtime
-- description: Tell merchants that listen of a downtime of an issuer.
INSERT INTO notifications (merchant_id, id, case_id, event, payload, created_at, next_attempt_at)
SELECT w.merchant_id, gen_random_uuid(), :head, :event,
       :payload::jsonb || jsonb_build_object('merchant', w.merchant_id), :now::timestamptz, :now::timestamptz
FROM (SELECT DISTINCT merchant_id FROM webhooks WHERE active) w;
