-- What people put in force for a time: hosts read it with the reference data.

-- name: in_force
-- description: All that is in force at a moment or will be; what takes two people once both said so.
SELECT id, kind, valid_from, valid_until, issuer_id, merchant_id, terminal_id, amount, set_by, reason,
       confirmed_by
FROM interventions
WHERE ended_at IS NULL AND valid_until > :at AND (confirmed_by <> '' OR NOT kind = ANY(:dual::text[]));

-- name: begin
-- description: Put it in force, once.
INSERT INTO interventions (id, merchant_id, issuer_id, terminal_id, kind, amount, valid_from, valid_until,
                           set_by, set_at, reason, confirmed_by, confirmed_at)
VALUES (:id, :merchant, :issuer, :terminal, :kind, :amount, :valid_from, :valid_until, :set_by, :at,
        :reason, :confirmed_by, CASE WHEN :confirmed_by::text <> '' THEN :at::timestamptz END)
ON CONFLICT (merchant_id, id) DO NOTHING
RETURNING id;

-- name: confirm
-- description: Let a second person confirm one that waits for it.
UPDATE interventions SET confirmed_by = :who, confirmed_at = :at
WHERE merchant_id = :merchant AND id = :id AND confirmed_by = '' AND set_by <> :who
  AND ended_at IS NULL AND valid_until > :at
RETURNING id;

-- name: end
-- description: End one earlier than planned.
UPDATE interventions SET ended_by = :who, ended_at = :at
WHERE merchant_id = :merchant AND id = :id AND ended_at IS NULL AND valid_until > :at
RETURNING issuer_id;

-- name: release
-- description: Let the cases of an issuer that wait look at it anew.
UPDATE cases c SET next_action_at = :at
FROM (SELECT merchant_id, id FROM cases
      WHERE issuer_id = :issuer AND ended = '' AND step IN ('wait_health', 'retries_paused')
      ORDER BY id, merchant_id FOR UPDATE) waiting
WHERE c.merchant_id = waiting.merchant_id AND c.id = waiting.id;

-- name: known
-- description: Whether there is such an issuer, merchant or terminal, and another way for an issuer's cards.
SELECT CASE WHEN :issuer::text <> '' THEN EXISTS (SELECT FROM issuers WHERE issuer_id = :issuer)
            WHEN :terminal::text <> '' THEN EXISTS (
                SELECT FROM terminals WHERE merchant_id = :merchant AND terminal_id = :terminal)
            ELSE EXISTS (SELECT FROM merchants WHERE merchant_id = :merchant) END AS there,
       EXISTS (SELECT FROM bins WHERE issuer_id = :issuer AND backup_issuer_id IS NOT NULL) AS another;

-- name: changed
-- description: Tell the hosts that there is something to take up.
UPDATE reference SET version = version + 1;
