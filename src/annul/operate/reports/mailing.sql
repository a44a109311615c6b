-- Periods that are over are owed to who asked for them, and written once for all who get the same.

-- name: owe
-- description: Owe a period to all who asked for it and may read it, each once; gives to whom.
INSERT INTO report_mails (name, length, first, merchant_id, language, channel_id, owed_at, due_at)
SELECT s.name, s.length, :first, u.merchant_id,
       coalesce(nullif(u.language, ''), nullif(c.language, ''), :language), s.channel_id, :now, :now
FROM report_subscriptions s
JOIN users u ON u.name = s.name AND u.active AND u.role = ANY (:readers::text[])
JOIN channels c ON c.id = s.channel_id AND c.active
WHERE s.length = :length AND s.since <= :first
ON CONFLICT DO NOTHING
RETURNING name;

-- name: drop
-- description: What is owed to who may not read it any more is sent to nobody.
UPDATE report_mails m SET state = 'dropped'
WHERE m.state = 'owed' AND NOT EXISTS (
    SELECT FROM users u
    WHERE u.name = m.name AND u.active AND u.role = ANY (:readers::text[]) AND u.merchant_id = m.merchant_id)
RETURNING name, length;

-- name: claim
-- description: Take a letter that is owed and that nobody has written; nothing when there is none.
INSERT INTO report_letters (length, first, merchant_id, language, leased_until)
SELECT m.length, m.first, m.merchant_id, m.language, :until
FROM report_mails m
WHERE m.state = 'owed' AND NOT EXISTS (
    SELECT FROM report_letters l
    WHERE l.length = m.length AND l.first = m.first AND l.merchant_id = m.merchant_id AND l.language = m.language
      AND (l.made_at IS NOT NULL OR l.leased_until > :now))
ORDER BY m.owed_at LIMIT 1
ON CONFLICT (length, first, merchant_id, language) DO UPDATE SET leased_until = excluded.leased_until
WHERE report_letters.made_at IS NULL AND report_letters.leased_until <= :now
RETURNING length, first, merchant_id, language;

-- name: written
-- description: Keep what was written, unless another host was first.
UPDATE report_letters
SET made_at = :now, subject = :subject, body = :body, names = :names, media = :media, contents = :contents
WHERE length = :length AND first = :first AND merchant_id = :merchant_id AND language = :language AND made_at IS NULL;
