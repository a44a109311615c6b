-- What webhooks are owed, and what became of it.

-- name: spread
-- description: Owe due notifications to the webhooks of their merchants; without any they are done.
-- Of two processes that see the same row, one finds it spread.
WITH due AS (
    SELECT n.merchant_id, n.id, n.next_attempt_at,
           EXISTS (SELECT FROM webhooks w WHERE w.merchant_id = n.merchant_id AND w.active) AS heard
    FROM notifications n
    WHERE n.delivered_at IS NULL AND n.next_attempt_at <= :now
    ORDER BY n.next_attempt_at LIMIT :limit
), spread AS (
    UPDATE notifications n
    SET next_attempt_at = 'infinity', delivered_at = CASE WHEN d.heard THEN NULL ELSE :now END
    FROM due d
    WHERE n.merchant_id = d.merchant_id AND n.id = d.id
      AND n.delivered_at IS NULL AND n.next_attempt_at <= :now
    RETURNING n.merchant_id, n.id, n.delivered_at
), owed AS (
    INSERT INTO webhook_outbox (merchant_id, id, webhook_id, notification_id, since, next_attempt_at)
    SELECT s.merchant_id, gen_random_uuid(), w.id, s.id, :now, :now
    FROM spread s
    JOIN webhooks w ON w.merchant_id = s.merchant_id AND w.active
    WHERE s.delivered_at IS NULL
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM spread;

-- name: claim
-- description: Take due deliveries for a while, and count the attempt before it is made.
-- `under_way` deliveries to each of `webhooks` count against how many there may be. The conditions
-- stand twice: of two processes that see the same row, one waits at the update and then finds it
-- leased, or put off.
WITH due AS (
    SELECT merchant_id, id, webhook_id, next_attempt_at,
           row_number() OVER (PARTITION BY merchant_id, webhook_id
                              ORDER BY next_attempt_at, id) AS place
    FROM webhook_outbox
    WHERE state = 'owed' AND next_attempt_at <= :now
      AND (leased_until IS NULL OR leased_until <= :now)
), chosen AS (
    SELECT d.merchant_id, d.id
    FROM due d
    LEFT JOIN unnest(:webhooks::uuid[], :under_way::bigint[]) AS busy (webhook_id, many)
      ON busy.webhook_id = d.webhook_id
    WHERE d.place + coalesce(busy.many, 0) <= :per_webhook
    ORDER BY d.next_attempt_at LIMIT :limit
), leased AS (
    UPDATE webhook_outbox o
    SET leased_until = :until, attempts = o.attempts + 1, tries = o.tries + 1
    FROM chosen c
    WHERE o.merchant_id = c.merchant_id AND o.id = c.id AND o.state = 'owed'
      AND o.next_attempt_at <= :now AND (o.leased_until IS NULL OR o.leased_until <= :now)
    RETURNING o.merchant_id, o.id, o.webhook_id, o.notification_id, o.since, o.tries, o.attempts
)
SELECT l.*, w.url, w.secret, w.inside, w.active, n.event, n.payload, n.case_id, n.created_at
FROM leased l
JOIN webhooks w ON w.merchant_id = l.merchant_id AND w.id = l.webhook_id
JOIN notifications n ON n.merchant_id = l.merchant_id AND n.id = l.notification_id
ORDER BY n.created_at, n.id;

-- name: hold
-- description: Let nobody else end a delivery of this notification meanwhile.
SELECT id FROM notifications WHERE merchant_id = :merchant AND id = :notification FOR UPDATE;

-- name: logged
-- description: Write what became of an attempt.
INSERT INTO deliveries (merchant_id, id, webhook_id, notification_id, delivery_id, at, attempt,
                        status, error, took_ms)
VALUES (:merchant, :id, :webhook, :notification, :delivery, :now, :attempt, :status, :error,
        :took_ms);

-- name: write
-- description: Give a delivery back with its new state, unless the lease has passed to another.
UPDATE webhook_outbox SET state = :state, next_attempt_at = :next_attempt_at, leased_until = NULL
WHERE merchant_id = :merchant AND id = :id AND attempts = :attempt AND state = 'owed'
RETURNING id;

-- name: settle
-- description: A notification of which nothing is owed any more is delivered.
UPDATE notifications SET delivered_at = :now
WHERE merchant_id = :merchant AND id = :notification AND delivered_at IS NULL
  AND NOT EXISTS (
      SELECT FROM webhook_outbox o
      WHERE o.merchant_id = :merchant AND o.notification_id = :notification
        AND o.state IN ('owed', 'given_up'));

-- name: backlog
-- description: How many deliveries are owed, and notifications that were not spread yet.
SELECT (SELECT count(*) FROM webhook_outbox WHERE state = 'owed')
     + (SELECT count(*) FROM notifications
        WHERE delivered_at IS NULL AND next_attempt_at < 'infinity');
