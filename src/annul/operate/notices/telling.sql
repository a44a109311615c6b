-- What channels are owed, and the messages that carry it.

-- name: due
-- description: Channels that are owed something now and may be sent a message.
SELECT c.id FROM channels c JOIN channel_states s ON s.channel_id = c.id
WHERE c.active AND s.next_at <= :now AND (s.leased_until IS NULL OR s.leased_until <= :now)
  AND EXISTS (SELECT FROM notice_outbox o
              WHERE o.channel_id = c.id AND o.state = 'owed' AND o.due_at <= :now)
ORDER BY s.told_at NULLS FIRST LIMIT :most;

-- name: hold
-- description: Hold a channel that is free; nothing when another host has it.
SELECT c.*, s.message_id, s.failures, s.next_at
FROM channel_states s JOIN channels c ON c.id = s.channel_id
WHERE s.channel_id = :channel AND c.active AND (s.leased_until IS NULL OR s.leased_until <= :now)
FOR UPDATE OF s SKIP LOCKED;

-- name: sent
-- description: When each message of the last while may have arrived at the latest.
SELECT coalesce(max(at) FILTER (WHERE phase <> 'sending'), max(at) + :lease) AS at
FROM notice_log WHERE channel_id = :channel AND at > :since
GROUP BY message_id;

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
       EXISTS (SELECT FROM notice_log l WHERE l.channel_id = :channel AND l.message_id = p.message_id
               AND l.phase IN ('unanswered', 'unknown')) AS again
FROM placed p WHERE p.place <= :most
ORDER BY p.place, p.at, p.seq;

-- name: later
-- description: Put the next message of a channel off.
UPDATE channel_states SET next_at = :next_at WHERE channel_id = :channel;

-- name: begin
-- description: A message is about to be sent: who has the channel until when.
UPDATE channel_states SET message_id = :message, leased_until = :until WHERE channel_id = :channel;

-- name: carry
-- description: What the message carries.
UPDATE notice_outbox o SET message_id = :message, tries = o.tries + 1
FROM unnest(:heads::uuid[], :merchants::text[]) AS h (head_id, of_merchant)
WHERE o.channel_id = :channel AND o.state = 'owed'
  AND o.head_id = h.head_id AND o.of_merchant = h.of_merchant;

-- name: drop
-- description: What is owed of heads that are not here any more is told by nobody.
UPDATE notice_outbox o SET state = 'dropped'
FROM unnest(:heads::uuid[], :merchants::text[]) AS h (head_id, of_merchant)
WHERE o.channel_id = :channel AND o.state = 'owed'
  AND o.head_id = h.head_id AND o.of_merchant = h.of_merchant;

-- name: logged
-- description: Write a line of the log.
INSERT INTO notice_log (id, message_id, channel_id, at, phase, numbers, title, error, took_ms)
VALUES (:id, :message, :channel, :now, :phase, :numbers, :title, :error, :took_ms);

-- name: free
-- description: Give the channel back, with how the message went; nothing when the lease has passed to another.
UPDATE channel_states
SET message_id = NULL, leased_until = NULL, next_at = :next_at, failures = :failures, error = :error,
    told_at = coalesce(:told_at, told_at)
WHERE channel_id = :channel AND message_id = :message
RETURNING channel_id;

-- name: told
-- description: What a message has told; gives the heads.
UPDATE notice_outbox SET state = 'told'
WHERE channel_id = :channel AND message_id = :message AND state = 'owed'
RETURNING head_id, of_merchant;

-- name: backlog
-- description: How much is owed.
SELECT count(*) FROM notice_outbox o JOIN channels c ON c.id = o.channel_id AND c.active
WHERE o.state = 'owed';
