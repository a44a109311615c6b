-- Reports that are owed by mail: what the next message of a channel carries of them.

-- name: next
-- description: The next report that a channel is owed, to whom it goes, and whether it may have arrived before.
-- Only what is written, and only to who asked for it and is still there.
SELECT m.name, m.length, m.first, m.tries, s.mail, m.language, l.subject, l.body, l.names, l.media, l.contents,
       m.again OR EXISTS (SELECT FROM notice_log n WHERE n.channel_id = :channel AND n.message_id = m.message_id
                          AND n.phase IN ({maybe})) AS again
FROM report_mails m
JOIN report_letters l ON l.length = m.length AND l.first = m.first AND l.merchant_id = m.merchant_id
                     AND l.language = m.language AND l.made_at IS NOT NULL
JOIN report_subscriptions s ON s.name = m.name AND s.length = m.length
JOIN users u ON u.name = m.name AND u.active AND u.merchant_id = m.merchant_id
WHERE m.channel_id = :channel AND m.state = 'owed' AND m.due_at <= :now
ORDER BY m.due_at, m.name LIMIT 1;

-- name: carry
-- description: The message carries it; whether the one before may have arrived is kept.
UPDATE report_mails m
SET message_id = :message, tries = tries + 1, again = m.again OR EXISTS (
    SELECT FROM notice_log n WHERE n.channel_id = m.channel_id AND n.message_id = m.message_id
    AND n.phase IN ({maybe}))
WHERE name = :name AND length = :length AND first = :first AND state = 'owed';

-- name: told
-- description: It was taken.
UPDATE report_mails SET state = 'told', error = ''
WHERE name = :name AND length = :length AND first = :first AND message_id = :message;

-- name: later
-- description: It was not taken, and is tried again then.
UPDATE report_mails SET due_at = :due_at, error = :error
WHERE name = :name AND length = :length AND first = :first AND message_id = :message AND state = 'owed';
