-- Heads and their timelines: how they are written, by the turn that gathers and by people.

-- name: open
-- description: Open heads where none is open; gives those that were not. A number that is taken waits for the next turn.
INSERT INTO incident_heads (id, merchant_id, number, scope, member, severity, opened_at, joined_at, playbook)
SELECT h.id, h.merchant_id, h.number, h.scope, h.member, h.severity, h.opened_at, h.opened_at, h.playbook
FROM unnest(:ids::uuid[], :merchants::text[], :numbers::text[], :scopes::text[], :members::text[],
            :severities::text[], :opened_at::timestamptz[], :playbooks::text[])
    AS h (id, merchant_id, number, scope, member, severity, opened_at, playbook)
ORDER BY h.scope, h.member, h.merchant_id
ON CONFLICT DO NOTHING
RETURNING id, merchant_id;

-- name: lock
-- description: Hold some heads, in one order, until the commit.
SELECT {columns} FROM incident_heads h
WHERE (h.id, h.merchant_id) IN (SELECT * FROM unnest(:ids::uuid[], :merchants::text[]))
ORDER BY h.id FOR UPDATE;

-- name: columns
-- description: Part: what is known of a head.
h.id, h.merchant_id, h.number, h.scope, h.member, h.severity, h.opened_at, h.joined_at, h.quiet_since, h.owner,
h.acknowledged_by, h.acknowledged_at, h.cause, h.playbook, h.ends_at, h.down_since, h.up_at, h.closed_at,
h.closed_by, h.reopened_at, h.merged_into, h.learnt;

-- name: keep
-- description: Write heads as they have become; whoever does holds them.
UPDATE incident_heads h
SET severity = k.severity, joined_at = k.joined_at, quiet_since = k.quiet_since, owner = k.owner,
    acknowledged_by = k.acknowledged_by, acknowledged_at = k.acknowledged_at, cause = k.cause,
    playbook = k.playbook, ends_at = k.ends_at, down_since = k.down_since, up_at = k.up_at, closed_at = k.closed_at, closed_by = k.closed_by, reopened_at = k.reopened_at,
    merged_into = k.merged_into, learnt = k.learnt
FROM jsonb_populate_recordset(NULL::incident_heads, :heads::jsonb) k
WHERE h.id = k.id AND h.merchant_id = k.merchant_id;

-- name: tell
-- description: Add events to timelines, behind what they have; whoever does holds the heads.
INSERT INTO incident_events (head_id, merchant_id, seq, at, kind, actor, params)
SELECT e.head_id, e.merchant_id,
       coalesce((SELECT max(o.seq) FROM incident_events o
                 WHERE o.head_id = e.head_id AND o.merchant_id = e.merchant_id), 0)
           + row_number() OVER (PARTITION BY e.head_id, e.merchant_id ORDER BY e.place),
       e.at, e.kind, e.actor, e.params
FROM unnest(:heads::uuid[], :merchants::text[], :kinds::text[], :actors::text[], :params::jsonb[],
            :ats::timestamptz[]) WITH ORDINALITY
    AS e (head_id, merchant_id, kind, actor, params, at, place);
