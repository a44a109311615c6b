-- What channels are owed.

-- name: due
-- description: Channels that are owed something now and may be sent a message.
SELECT c.id FROM channels c JOIN channel_states s ON s.channel_id = c.id
WHERE c.active AND s.next_at <= :now AND (s.leased_until IS NULL OR s.leased_until <= :now)
  AND (EXISTS (SELECT FROM notice_outbox o
               WHERE o.channel_id = c.id AND o.state = 'owed' AND o.due_at <= :now)
    OR EXISTS (SELECT FROM report_mails m
               JOIN report_letters l ON l.length = m.length AND l.first = m.first AND l.merchant_id = m.merchant_id
                                    AND l.language = m.language AND l.made_at IS NOT NULL
               WHERE m.channel_id = c.id AND m.state = 'owed' AND m.due_at <= :now))
ORDER BY s.told_at NULLS FIRST LIMIT :most;

-- name: owed
-- description: What a channel is owed of some heads of which something is due, the gravest and earliest first.
-- One pass over what is owed: after a storm the planner does not know yet how much that is.
WITH owed AS (
    SELECT o.*, min(array_position(ARRAY['critical', 'warning', 'notice'], severity)) OVER head AS rank,
           min(at) OVER head AS began, bool_or(due_at <= :now) OVER head AS due
    FROM notice_outbox o WHERE channel_id = :channel AND state = 'owed'
    WINDOW head AS (PARTITION BY head_id, of_merchant)
), placed AS (
    SELECT owed.*, dense_rank() OVER (ORDER BY rank, began, head_id, of_merchant) AS place
    FROM owed WHERE due
)
SELECT p.head_id, p.of_merchant, p.seq, p.step, p.kind, p.params, p.at,
       p.again OR EXISTS (SELECT FROM notice_log l WHERE l.channel_id = :channel AND l.message_id = p.message_id
                          AND l.phase IN ({maybe})) AS again
FROM placed p WHERE p.place <= :most
ORDER BY p.place, p.at, p.seq;

-- name: backlog
-- description: How much is owed.
SELECT count(*) FROM notice_outbox o JOIN channels c ON c.id = o.channel_id AND c.active
WHERE o.state = 'owed';
