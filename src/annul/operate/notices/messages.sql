-- One message of a channel: the room it takes, before it is sent, and afterwards.

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

-- name: later
-- description: Put the next message of a channel off.
UPDATE channel_states SET next_at = :next_at WHERE channel_id = :channel;

-- name: begin
-- description: A message is about to be sent: who has the channel until when.
UPDATE channel_states SET message_id = :message, leased_until = :until WHERE channel_id = :channel;

-- name: carry
-- description: What the message carries; whether the one before may have arrived is kept.
UPDATE notice_outbox o
SET message_id = :message, tries = o.tries + 1, again = o.again OR EXISTS (
    SELECT FROM notice_log l WHERE l.channel_id = :channel AND l.message_id = o.message_id
    AND l.phase IN ({maybe}))
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
SET message_id = NULL, leased_until = NULL, next_at = :next_at, failures = :failures,
    error = coalesce(:error, error),
    told_at = coalesce(:told_at, told_at)
WHERE channel_id = :channel AND message_id = :message
RETURNING channel_id;

-- name: told
-- description: What a message has told; gives the heads.
UPDATE notice_outbox SET state = 'told'
WHERE channel_id = :channel AND message_id = :message AND state = 'owed'
RETURNING head_id, of_merchant;
