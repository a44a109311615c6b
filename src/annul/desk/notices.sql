-- Channels for notices, the rota and the steps of escalation, as people set them up and look after them.

-- name: channels
-- description: Channels with how their last messages went and what they are owed; those in use first. Never the address.
SELECT c.id, c.name, c.kind, c.language, c.per_minute, c.severity, c.scopes, c.quiet_from, c.quiet_to, c.by_rota,
       c.active, c.set_by, c.set_at, s.failures, s.error, s.told_at,
       (SELECT count(*) FROM notice_outbox o WHERE o.channel_id = c.id AND o.state = 'owed') AS owed
FROM channels c JOIN channel_states s ON s.channel_id = c.id
WHERE :also_off OR c.active
ORDER BY c.active DESC, c.name, c.set_at DESC;

-- name: find
-- description: A channel.
SELECT id, name, active FROM channels WHERE id = :id;

-- name: add
-- description: Add a channel.
INSERT INTO channels (id, name, kind, address, language, per_minute, severity, scopes, quiet_from, quiet_to, by_rota,
                      set_by, set_at)
VALUES (:id, :name, :kind, :address, :language, :per_minute, :severity, :scopes, :quiet_from, :quiet_to, :by_rota,
        :who, :now)
ON CONFLICT (name) WHERE active DO NOTHING
RETURNING id;

-- name: add_state
-- description: It may be sent messages at once.
INSERT INTO channel_states (channel_id, next_at) VALUES (:id, :now);

-- name: change
-- description: Change a channel that is used; without an address it keeps the one it has. Its name stays.
UPDATE channels
SET kind = coalesce(:kind, kind), address = coalesce(:address, address), language = :language,
    per_minute = :per_minute, severity = :severity, scopes = :scopes, quiet_from = :quiet_from,
    quiet_to = :quiet_to, by_rota = :by_rota, set_by = :who, set_at = :now
WHERE id = :id AND active
RETURNING id;

-- name: again
-- description: What a channel is owed is tried at once.
UPDATE channel_states SET next_at = :now WHERE channel_id = :id;

-- name: stop
-- description: Use a channel no more.
UPDATE channels SET active = false, set_by = :who, set_at = :now WHERE id = :id AND active
RETURNING name;

-- name: dropped
-- description: What it was owed is told by nobody.
UPDATE notice_outbox SET state = 'dropped' WHERE channel_id = :id AND state = 'owed';

-- name: unsubscribed
-- description: Reports that were mailed over a channel are mailed no more; gives whose.
WITH owed AS (
    UPDATE report_mails SET state = 'dropped' WHERE channel_id = :id AND state = 'owed'
)
DELETE FROM report_subscriptions WHERE channel_id = :id RETURNING name;

-- name: rota
-- description: The rota: lines of single days last.
SELECT r.*, c.name AS channel FROM rota r JOIN channels c ON c.id = r.channel_id
WHERE c.active ORDER BY r.only_on NULLS FIRST, r.from_at, c.name, r.id;

-- name: add_duty
-- description: Add a line to the rota, of a channel that is used.
INSERT INTO rota (id, channel_id, person, weekdays, days, from_at, to_at, since, until, only_on, set_by, set_at)
SELECT :id, id, :person, :weekdays, :days, :from_at, :to_at, :since, :until, :only_on, :who, :now
FROM channels WHERE id = :channel AND active
RETURNING id;

-- name: end_duty
-- description: Take a line out of the rota.
DELETE FROM rota WHERE id = :id RETURNING person, from_at, to_at;

-- name: steps
-- description: The steps of escalation.
SELECT e.step, e.after_min, e.severity, e.channel_id, coalesce(c.name, '') AS channel, e.set_by, e.set_at
FROM escalations e LEFT JOIN channels c ON c.id = e.channel_id ORDER BY e.step;

-- name: set_step
-- description: Set a step of escalation.
INSERT INTO escalations (step, after_min, severity, channel_id, set_by, set_at)
VALUES (:step, :after_min, :severity, :channel, :who, :now)
ON CONFLICT (step) DO UPDATE
SET after_min = excluded.after_min, severity = excluded.severity, channel_id = excluded.channel_id,
    set_by = excluded.set_by, set_at = excluded.set_at;

-- name: end_step
-- description: Remove a step of escalation.
DELETE FROM escalations WHERE step = :step RETURNING step;

-- name: log
-- description: What came of messages, the latest first; those that are just being sent stand there too.
SELECT l.id, l.message_id, c.name AS channel, l.at, l.phase, l.numbers, l.title, l.error, l.took_ms
FROM notice_log l JOIN channels c ON c.id = l.channel_id
WHERE (:channel::uuid IS NULL OR l.channel_id = :channel)
  AND (l.phase <> 'sending' OR NOT EXISTS (
      SELECT FROM notice_log o WHERE o.channel_id = l.channel_id AND o.message_id = l.message_id
                                 AND o.phase <> 'sending' AND o.at >= l.at))
  AND (:after_at::timestamptz IS NULL OR (l.at, l.id) < (:after_at, :after_id::uuid))
ORDER BY l.at DESC, l.id DESC LIMIT :limit;

-- name: owed
-- description: What channels are owed and were not told yet, what is due first.
SELECT o.head_id, o.seq, o.step, o.kind, o.severity, o.at, o.due_at, o.tries, c.name AS channel,
       coalesce(h.number, '') AS number
FROM notice_outbox o
JOIN channels c ON c.id = o.channel_id
LEFT JOIN incident_heads h ON h.id = o.head_id AND h.merchant_id = o.of_merchant
WHERE o.state = 'owed' ORDER BY o.due_at, o.at LIMIT :limit;
