-- Accounts of merchants: asked for by one person, taken into use by another.

-- name: ask
-- description: Write down an account that is asked for; nothing when this id was asked for before.
INSERT INTO payout_accounts (merchant_id, id, currency, holder, bank, sealed, shown, state, reason,
                             asked_by, asked_at)
VALUES (:merchant, :id, :currency, :holder, :bank, :sealed, :shown, 'asked', :reason, :who, :now)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: one_by_one
-- description: Let accounts of a merchant be decided one after another.
SELECT FROM merchants WHERE merchant_id = :merchant FOR NO KEY UPDATE;

-- name: lock
-- description: An account that is asked for, held until the transaction ends.
SELECT asked_by FROM payout_accounts
WHERE merchant_id = :merchant AND id = :id AND state = 'asked' FOR UPDATE;

-- name: replace
-- description: Put aside what was used before, and those that others have asked for.
UPDATE payout_accounts SET state = CASE state WHEN 'asked' THEN 'rejected' ELSE 'replaced' END
WHERE merchant_id = :merchant AND id <> :id
  AND currency = (SELECT currency FROM payout_accounts WHERE merchant_id = :merchant AND id = :id)
  AND state IN ('used', 'stopped', 'asked');

-- name: use
-- description: Take an account into use.
UPDATE payout_accounts SET state = 'used', decided_by = :who, decided_at = :now
WHERE merchant_id = :merchant AND id = :id AND state = 'asked'
RETURNING id;

-- name: reject
-- description: Do not take an account into use.
UPDATE payout_accounts
SET state = 'rejected', decided_at = :now,
    decided_by = CASE WHEN asked_by = :who THEN '' ELSE :who END
WHERE merchant_id = :merchant AND id = :id AND state = 'asked'
RETURNING id;

-- name: stop
-- description: Pay nothing more to the account in use.
UPDATE payout_accounts SET state = 'stopped', why = :reason
WHERE merchant_id = :merchant AND id = :id AND state = 'used'
RETURNING id;

-- name: use_again
-- description: Pay to an account again that was stopped.
UPDATE payout_accounts SET state = 'used', why = ''
WHERE merchant_id = :merchant AND id = :id AND state = 'stopped'
RETURNING id;

-- name: failed
-- description: Close what was raised by payouts to a merchant's accounts, which somebody has looked after.
WITH ended AS (
    SELECT i.merchant_id, i.kind, i.subject, :now::timestamptz AS at
    FROM incidents i
    WHERE i.merchant_id = :merchant AND i.kind = 'payout_failed' AND i.closed_at IS NULL
)
{close_ended};

-- name: of_merchant
-- description: Accounts of a merchant that are in use, stopped or asked for, the latest first.
SELECT id, currency, holder, bank, shown, state, why, reason, asked_by, asked_at, decided_by, decided_at
FROM payout_accounts
WHERE merchant_id = :merchant AND state IN ('asked', 'used', 'stopped')
ORDER BY asked_at DESC, id;
