-- What moves a merchant's money apart from sales and payouts, by people; and accounts of merchants.

-- name: ask
-- description: Write down what somebody asks for; nothing when this id was asked for before.
INSERT INTO account_moves (merchant_id, id, currency, kind, amount, about, reason, state, asked_by, asked_at)
VALUES (:merchant, :id, :currency, :kind, :amount, :about, :reason, 'asked', :who, :now)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: one
-- description: One move.
SELECT merchant_id, id, currency, kind, amount, about, reason, state, asked_by, asked_at, decided_by,
       decided_at, payout_id
FROM account_moves WHERE merchant_id = :merchant AND id = :id;

-- name: lock
-- description: One move that waits, held until the transaction ends.
SELECT currency, kind, amount, asked_by FROM account_moves
WHERE merchant_id = :merchant AND id = :id AND state = 'asked' FOR UPDATE;

-- name: end
-- description: Keep how a move that waited has ended, and who was the second person.
UPDATE account_moves
SET state = :state, decided_at = :now, decided_by = CASE WHEN asked_by = :who THEN '' ELSE :who END
WHERE merchant_id = :merchant AND id = :id AND state = 'asked'
RETURNING id;
