-- Webhooks as their owners set them up and look after them.

-- name: add
-- description: Add a webhook of a merchant that there is.
INSERT INTO webhooks (merchant_id, id, url, secret, inside, created_by, created_at)
SELECT merchant_id, :id, :url, :secret, :inside, :by, :now FROM merchants
WHERE merchant_id = :merchant
RETURNING id;

-- name: every
-- description: Webhooks of one merchant, or of all for an empty one; the latest first.
SELECT merchant_id, id, url, active, created_by, created_at FROM webhooks
WHERE (:merchant = '' OR merchant_id = :merchant)
  AND (:after_at::timestamptz IS NULL OR (created_at, id) < (:after_at, :after_id::uuid))
ORDER BY created_at DESC, id DESC LIMIT :limit;

-- name: find
-- description: One webhook, by id alone for an empty merchant.
SELECT merchant_id, id, url, active, created_by, created_at FROM webhooks
WHERE id = :id AND (:merchant = '' OR merchant_id = :merchant);

-- name: end
-- description: Send nothing more to a webhook.
UPDATE webhooks SET active = false WHERE merchant_id = :merchant AND id = :id AND active
RETURNING id;

-- name: close_of_webhook
-- description: Close the incidents of a webhook that is told nothing more.
WITH ended AS (
    SELECT merchant_id, 'webhook_failed' AS kind, id::text AS subject, :now::timestamptz AS at
    FROM webhook_outbox WHERE merchant_id = :merchant AND webhook_id = :id
)
{close_ended};

-- name: log
-- description: Attempts at one webhook, the latest first.
SELECT d.id, d.delivery_id, d.attempt, d.at, d.status, d.error, d.took_ms, n.event, n.payload,
       n.case_id, o.state
FROM deliveries d
JOIN notifications n ON n.merchant_id = d.merchant_id AND n.id = d.notification_id
JOIN webhook_outbox o ON o.merchant_id = d.merchant_id AND o.id = d.delivery_id
WHERE d.merchant_id = :merchant AND d.webhook_id = :webhook
  AND (:after_at::timestamptz IS NULL OR (d.at, d.id) < (:after_at, :after_id::uuid))
ORDER BY d.at DESC, d.id DESC LIMIT :limit;

-- name: replay
-- description: Let a delivery be sent now, from anew, unless it is just being sent.
UPDATE webhook_outbox
SET state = 'owed', since = :now, tries = 0, next_attempt_at = :now, leased_until = NULL
WHERE merchant_id = :merchant AND webhook_id = :webhook AND id = :id
  AND (leased_until IS NULL OR leased_until <= :now)
RETURNING id;

-- name: owed_of
-- description: Whether there is such a delivery.
SELECT id FROM webhook_outbox WHERE merchant_id = :merchant AND webhook_id = :webhook AND id = :id;
