-- Incidents as people see them: lists, one with all that is known of it, downtimes of issuers.

-- name: search
-- description: Incidents by the conditions that are wanted, the latest first.
SELECT {columns}, f.kind, n.items, n.open_items, i.name_zh, i.name_en
FROM incident_heads h
{beside}
WHERE {conditions}
ORDER BY h.opened_at DESC, h.id DESC LIMIT :limit;

-- name: beside
-- description: Part: what was raised first, an outage before all else; how much; the name of issuer or merchant.
LEFT JOIN LATERAL (
    SELECT r.kind FROM incidents r WHERE r.head_id = h.id
    ORDER BY r.kind IN ({outages}) DESC, r.opened_at, r.id LIMIT 1) f ON true
CROSS JOIN LATERAL (
    SELECT count(*)::integer AS items, (count(*) FILTER (WHERE r.closed_at IS NULL))::integer AS open_items
    FROM incidents r WHERE r.head_id = h.id) n
LEFT JOIN LATERAL (
    SELECT b.name_zh, b.name_en FROM issuers b WHERE h.scope IN ('issuer', 'answers') AND b.issuer_id = h.member
    UNION ALL
    SELECT m.name_zh, m.name_en FROM merchants m
    WHERE h.scope NOT IN ('issuer', 'answers') AND m.merchant_id = coalesce(nullif(h.merchant_id, ''), h.member)
    LIMIT 1) i ON true

-- name: open
-- description: Open.
h.closed_at IS NULL;

-- name: closed
-- description: Closed.
h.closed_at IS NOT NULL;

-- name: severity
-- description: Of this severity.
h.severity = :severity;

-- name: scope
-- description: About such.
h.scope = :scope;

-- name: member
-- description: About this one.
h.member = :member;

-- name: owner
-- description: On which this one works.
h.owner = :owner;

-- name: unacknowledged
-- description: Which nobody has acknowledged.
h.acknowledged_at IS NULL;

-- name: after
-- description: After the last row of a page.
(h.opened_at, h.id) < (:after_at, :after_id);

-- name: find
-- description: One incident by its number.
SELECT {columns}, f.kind, n.items, n.open_items, i.name_zh, i.name_en, o.number AS merged_into_number
FROM incident_heads h
LEFT JOIN incident_heads o ON o.id = h.merged_into
{beside}
WHERE h.number = :number;

-- name: key
-- description: What names an incident in the database, by its number.
SELECT id, merchant_id FROM incident_heads WHERE number = :number;

-- name: timeline
-- description: What happened to an incident, in its order.
SELECT seq, at, kind, actor, params FROM incident_events
WHERE head_id = :head AND merchant_id = :merchant ORDER BY seq LIMIT :limit;

-- name: raised
-- description: What an incident has gathered, by kind; of each the first few.
SELECT * FROM (
    SELECT r.id, r.merchant_id, r.kind, r.subject, r.params, r.opened_at, r.closed_at, r.transaction_id,
           c.number, count(*) OVER of_kind AS many,
           count(*) FILTER (WHERE r.closed_at IS NULL) OVER of_kind AS still,
           row_number() OVER (PARTITION BY r.kind ORDER BY r.closed_at IS NULL DESC, r.opened_at, r.id) AS place
    FROM incidents r
    LEFT JOIN cases c ON c.merchant_id = r.merchant_id AND c.id = r.transaction_id
    WHERE r.head_id = :head
    WINDOW of_kind AS (PARTITION BY r.kind)) k
WHERE k.place <= :each ORDER BY k.many DESC, k.kind, k.place;

-- name: affected
-- description: Cases that an incident is about, by merchant, currency and whether they have ended.
SELECT c.merchant_id, m.name_zh, m.name_en, c.currency, c.ended = '' AS open, count(*)::integer AS cases,
       sum(c.amount)::bigint AS amount
FROM ({of_head}) k
JOIN cases c ON c.merchant_id = k.merchant_id AND c.id = k.id
JOIN merchants m ON m.merchant_id = c.merchant_id
GROUP BY 1, 2, 3, 4, 5 ORDER BY sum(c.amount) DESC, 1, 4, 5;

-- name: latest_cases
-- description: The latest of these cases.
SELECT c.merchant_id, c.id, c.number, c.kind, c.amount, c.currency, c.cause, c.ended, c.step, c.opened_at
FROM ({of_head}) k
JOIN cases c ON c.merchant_id = k.merchant_id AND c.id = k.id
ORDER BY c.ended = '' DESC, c.opened_at DESC, c.id LIMIT :limit;

-- name: of_head
-- description: Part: the cases of an incident: what was raised about them or their tries, and what of its issuer failed meanwhile.
SELECT r.merchant_id, r.transaction_id AS id FROM incidents r
WHERE r.head_id = :head AND r.transaction_id IS NOT NULL
UNION
SELECT k.merchant_id, k.id
FROM incidents r
JOIN transactions t ON t.merchant_id = r.merchant_id AND t.id = r.transaction_id
JOIN cases k ON k.merchant_id = t.merchant_id AND k.original_id = t.original_id AND k.opened_at <= :until
WHERE r.head_id = :head
UNION
SELECT k.merchant_id, k.id FROM cases k
WHERE k.issuer_id = :issuer AND k.opened_at >= :since AND k.opened_at <= :until AND k.cause = ANY (:causes::text[]);

-- name: workers
-- description: Those of some names who may act, in roles that may.
SELECT name FROM users WHERE name = ANY (:names::text[]) AND active AND role = ANY (:roles::text[]);

-- name: done
-- description: What an act that is in a timeline already has said there.
SELECT params FROM incident_events
WHERE head_id = :head AND merchant_id = :merchant AND params ->> 'act' = :act ORDER BY seq LIMIT 1;

-- name: still
-- description: Kinds of what is open of an incident, and how many.
SELECT kind, count(*)::integer AS count FROM incidents
WHERE head_id = :head AND closed_at IS NULL GROUP BY kind;

-- name: picked
-- description: Those of some rows that belong to an incident, and how many others do.
SELECT r.id, r.merchant_id, r.kind, r.opened_at, r.closed_at,
       (SELECT count(*) FROM incidents o WHERE o.head_id = :head)::integer AS of_all
FROM incidents r WHERE r.head_id = :head AND (r.id = ANY (:ids::uuid[]) OR r.kind = ANY (:kinds::text[]));

-- name: repoint
-- description: What was merged into an incident goes where that one goes.
UPDATE incident_heads SET merged_into = :into WHERE merged_into = :head;

-- name: another
-- description: Whether another incident is open about the same.
SELECT EXISTS (SELECT FROM incident_heads
               WHERE scope = :scope AND member = :member AND merchant_id = :merchant AND closed_at IS NULL);

-- name: downtimes
-- description: Issuers whose cards have trouble, and those that had it lately.
SELECT h.number, h.member AS issuer, b.name_zh, b.name_en, h.severity, h.cause, h.down_since AS started_at,
       h.ends_at, h.up_at AS ended_at
FROM incident_heads h LEFT JOIN issuers b ON b.issuer_id = h.member
WHERE h.down_since IS NOT NULL AND (h.up_at IS NULL OR h.up_at >= :since)
ORDER BY h.up_at IS NULL DESC, h.down_since DESC, h.number LIMIT :limit;
