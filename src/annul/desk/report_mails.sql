-- Reports by mail, as people ask for them and look after them.

-- name: own
-- description: What a person asked for, over which channel, and how the latest went.
SELECT s.length, s.mail, s.since, s.set_at, c.name AS channel, m.first, m.state, m.error, m.tries
FROM report_subscriptions s
JOIN channels c ON c.id = s.channel_id
LEFT JOIN LATERAL (
    SELECT first, state, error, tries FROM report_mails m
    WHERE m.name = s.name AND m.length = s.length ORDER BY m.first DESC LIMIT 1) m ON true
WHERE s.name = :name ORDER BY s.length;

-- name: every
-- description: Who gets which reports, over which channel, and how the latest went; of one or all. Never the address.
SELECT s.name, s.length, s.since, u.active, c.name AS channel, m.first, m.state, m.error, m.tries
FROM report_subscriptions s
JOIN users u ON u.name = s.name
JOIN channels c ON c.id = s.channel_id
LEFT JOIN LATERAL (
    SELECT first, state, error, tries FROM report_mails m
    WHERE m.name = s.name AND m.length = s.length ORDER BY m.first DESC LIMIT 1) m ON true
WHERE :name = '' OR s.name = :name
ORDER BY s.name, s.length;

-- name: reads
-- description: Whether there is somebody who may read reports.
SELECT EXISTS (SELECT FROM users WHERE name = :name AND active AND role = ANY (:readers::text[]));

-- name: channel
-- description: The mail channel of a name, or the first one.
SELECT id, name FROM channels
WHERE active AND kind = 'mail' AND (:name = '' OR name = :name) ORDER BY name LIMIT 1;

-- name: ask
-- description: Ask for reports; what is owed already goes the new way as well.
WITH owed AS (
    UPDATE report_mails SET channel_id = :channel, due_at = :now
    WHERE name = :name AND length = :length AND state = 'owed'
)
INSERT INTO report_subscriptions (name, length, channel_id, mail, since, set_at)
VALUES (:name, :length, :channel, :mail, :since, :now)
ON CONFLICT (name, length) DO UPDATE
SET channel_id = excluded.channel_id, mail = excluded.mail, set_at = excluded.set_at;

-- name: end
-- description: Ask for no more; what is owed is sent to nobody.
WITH owed AS (
    UPDATE report_mails SET state = 'dropped'
    WHERE name = :name AND length = ANY (:lengths::text[]) AND state = 'owed'
)
DELETE FROM report_subscriptions WHERE name = :name AND length = ANY (:lengths::text[]) RETURNING length;

-- name: send
-- description: Owe a period, also to who had it before; not while it is owed anyhow. Gives to whom.
INSERT INTO report_mails (name, length, first, merchant_id, language, channel_id, owed_at, due_at)
SELECT s.name, s.length, :first, u.merchant_id,
       coalesce(nullif(u.language, ''), nullif(c.language, ''), :language), s.channel_id, :now, :now
FROM report_subscriptions s
JOIN users u ON u.name = s.name AND u.active AND u.role = ANY (:readers::text[])
JOIN channels c ON c.id = s.channel_id AND c.active
WHERE s.length = :length AND (:name = '' OR s.name = :name)
ON CONFLICT (name, length, first) DO UPDATE
SET state = 'owed', again = false, tries = 0, owed_at = :now, due_at = :now, error = '', message_id = NULL,
    merchant_id = excluded.merchant_id, language = excluded.language, channel_id = excluded.channel_id
WHERE report_mails.state <> 'owed'
RETURNING name;
