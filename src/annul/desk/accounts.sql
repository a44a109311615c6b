-- What changed of merchants' accounts by people, and what of it waits.

-- name: moves
-- description: What changed what a merchant has available apart from its business days, the latest first.
SELECT merchant_id, id, currency, kind, amount, about, reason, state, asked_by, asked_at, decided_by,
       decided_at, payout_id
FROM account_moves
WHERE merchant_id = :merchant
  AND (:after_at::timestamptz IS NULL OR (asked_at, id) < (:after_at, :after_id::uuid))
ORDER BY asked_at DESC, id DESC LIMIT :limit;

-- name: moves_waiting
-- description: Moves that wait for a second person, the oldest first.
SELECT v.merchant_id, v.id, v.currency, v.kind, v.amount, v.reason, v.asked_by, v.asked_at,
       m.name_zh, m.name_en
FROM account_moves v JOIN merchants m ON m.merchant_id = v.merchant_id
WHERE v.state = 'asked' AND m.lives = 'here'
ORDER BY v.asked_at, v.id LIMIT :limit;

-- name: accounts_waiting
-- description: Accounts that wait for a second person, the oldest first.
SELECT a.merchant_id, a.id, a.currency, a.holder, a.bank, a.shown, a.reason, a.asked_by, a.asked_at,
       m.name_zh, m.name_en
FROM payout_accounts a JOIN merchants m ON m.merchant_id = a.merchant_id
WHERE a.state = 'asked' AND m.lives = 'here'
ORDER BY a.asked_at, a.id LIMIT :limit;

-- name: alone
-- description: What one person alone has released or charged back of a merchant since, in minor units.
SELECT coalesce(sum(abs(amount)), 0)::bigint FROM account_moves
WHERE merchant_id = :merchant AND asked_at > :since AND kind IN ('release', 'chargeback')
  AND state = 'done' AND decided_by = '';

-- name: claimed
-- description: Whether a chargeback holds money of a transaction, or has paid it.
SELECT EXISTS (SELECT FROM chargebacks
               WHERE merchant_id = :merchant AND transaction_id = :transaction
                 AND (ended_at IS NULL OR money = 'paid'));

-- name: contract
-- description: A merchant's currency, and from which amount on moving its money takes two persons.
SELECT currency, second_person_from FROM merchants WHERE merchant_id = :merchant;
