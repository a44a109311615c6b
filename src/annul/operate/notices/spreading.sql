-- Events of incidents become what channels are owed.

-- name: take
-- description: Take up events that nobody has taken yet, the earliest first; another host skips them.
SELECT * FROM spread_incident_events(:most, :now);

-- name: heads
-- description: What decides who is told of heads.
SELECT id, merchant_id, severity, scope, member FROM incident_heads
WHERE (id, merchant_id) IN (SELECT * FROM unnest(:heads::uuid[], :merchants::text[]));

-- name: owe
-- description: Owe events to channels, each once.
INSERT INTO notice_outbox (channel_id, head_id, of_merchant, seq, step, kind, severity, params, at, due_at)
SELECT * FROM unnest(:channels::uuid[], :heads::uuid[], :merchants::text[], :seqs::integer[],
                     :steps::smallint[], :kinds::text[], :severities::text[], :params::jsonb[],
                     :ats::timestamptz[], :dues::timestamptz[])
ON CONFLICT DO NOTHING;

-- name: unacknowledged
-- description: Steps of escalation that are due: of open heads that nobody has acknowledged since they were opened.
SELECT h.id, h.merchant_id, e.step, e.after_min
FROM escalations e
CROSS JOIN LATERAL (
    SELECT h.id, h.merchant_id, h.opened_at FROM incident_heads h
    WHERE h.closed_at IS NULL AND h.acknowledged_at IS NULL
      AND h.opened_at <= :now::timestamptz - make_interval(mins => e.after_min)
      AND array_position(ARRAY['critical', 'warning', 'notice'], h.severity)
          <= array_position(ARRAY['critical', 'warning', 'notice'], e.severity) OFFSET 0) h
CROSS JOIN LATERAL (
    SELECT coalesce(max(o.at), h.opened_at) AS at FROM incident_events o
    WHERE o.head_id = h.id AND o.merchant_id = h.merchant_id AND o.kind IN ('opened', 'reopened')) began
WHERE began.at <= :now::timestamptz - make_interval(mins => e.after_min)
  AND NOT EXISTS (
    SELECT FROM incident_events x
    WHERE x.head_id = h.id AND x.merchant_id = h.merchant_id AND x.kind = 'escalated'
      AND x.at >= began.at AND (x.params ->> 'step')::integer = e.step)
ORDER BY h.id, e.step LIMIT :most;
