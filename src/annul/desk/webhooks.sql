-- Webhooks as their owners set them up and look after them.

-- name: add
-- description: Add a webhook of a merchant that there is.
INSERT INTO webhooks (merchant_id, id, url, secret, inside, created_by, created_at)
SELECT merchant_id, $2, $3, $4, $5, $6, $7 FROM merchants WHERE merchant_id = $1
RETURNING id;

-- name: every
-- description: Webhooks of one merchant, of all for an empty $1; the latest first.
SELECT merchant_id, id, url, active, created_by, created_at FROM webhooks
WHERE ($1 = '' OR merchant_id = $1)
  AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
ORDER BY created_at DESC, id DESC LIMIT $4;

-- name: find
-- description: One webhook, by id alone for an empty $1.
SELECT merchant_id, id, url, active, created_by, created_at FROM webhooks
WHERE id = $2 AND ($1 = '' OR merchant_id = $1);

-- name: end
-- description: Send nothing more to a webhook.
UPDATE webhooks SET active = false WHERE merchant_id = $1 AND id = $2 AND active RETURNING id;

-- name: close_of_webhook
-- description: Close the incidents of a webhook that is told nothing more.
WITH ended AS (
    SELECT merchant_id, 'webhook_failed' AS kind, id::text AS subject, $3::timestamptz AS at
    FROM webhook_outbox WHERE merchant_id = $1 AND webhook_id = $2
)
{close_ended};

-- name: log
-- description: Attempts at one webhook, the latest first.
SELECT d.id, d.delivery_id, d.attempt, d.at, d.status, d.error, d.took_ms, n.event, n.payload,
       n.case_id, o.state
FROM deliveries d
JOIN notifications n ON n.merchant_id = d.merchant_id AND n.id = d.notification_id
JOIN webhook_outbox o ON o.merchant_id = d.merchant_id AND o.id = d.delivery_id
WHERE d.merchant_id = $1 AND d.webhook_id = $2
  AND ($3::timestamptz IS NULL OR (d.at, d.id) < ($3, $4::uuid))
ORDER BY d.at DESC, d.id DESC LIMIT $5;

-- name: replay
-- description: Let a delivery be sent now, from anew, unless it is just being sent.
UPDATE webhook_outbox
SET state = 'owed', since = $4, tries = 0, next_attempt_at = $4, leased_until = NULL
WHERE merchant_id = $1 AND webhook_id = $2 AND id = $3
  AND (leased_until IS NULL OR leased_until <= $4)
RETURNING id;

-- name: owed_of
-- description: Whether there is such a delivery.
SELECT id FROM webhook_outbox WHERE merchant_id = $1 AND webhook_id = $2 AND id = $3;
