-- Chargebacks as people see them: lists, one with all that is known of it, what waits.

-- name: search
-- description: Chargebacks by the conditions that are wanted; live ones first, by their deadline.
SELECT {columns} FROM chargebacks c
JOIN merchants m ON m.merchant_id = c.merchant_id
JOIN transactions t ON t.merchant_id = c.merchant_id AND t.id = c.transaction_id
WHERE {conditions} AND m.lives <> 'away'
ORDER BY c.opened_at DESC, c.id DESC LIMIT :limit;

-- name: by_deadline
-- description: Live chargebacks, those first that are due first.
SELECT {columns} FROM chargebacks c
JOIN merchants m ON m.merchant_id = c.merchant_id
JOIN transactions t ON t.merchant_id = c.merchant_id AND t.id = c.transaction_id
WHERE c.ended_at IS NULL AND (:merchant::text = '' OR c.merchant_id = :merchant) AND m.lives <> 'away'
ORDER BY c.due_at NULLS FIRST, c.id LIMIT :limit;

-- name: of_transactions
-- description: Chargebacks of some transactions of a merchant.
SELECT {columns} FROM chargebacks c
JOIN merchants m ON m.merchant_id = c.merchant_id
JOIN transactions t ON t.merchant_id = c.merchant_id AND t.id = c.transaction_id
WHERE c.transaction_id = ANY (:ids::uuid[]) AND c.merchant_id = :merchant AND m.lives <> 'away'
ORDER BY c.opened_at, c.id;

-- name: columns
-- description: Part: what is shown of a chargeback.
c.merchant_id, c.id, c.number, c.transaction_id, c.issuer_id, c.stage, c.reason, c.amount, c.currency, c.held,
c.fee, c.money, c.owner, c.file_id, c.line, c.received_at, c.opened_at, c.opened_by, c.due_at, c.asked,
c.asked_reason, c.asked_by, c.asked_at, c.ended_at, m.name_zh, m.name_en, t.rrn, t.card_masked,
t.amount AS of_amount, t.undone, t.charged_back, t.state AS of_state, t.received_at AS sold_at

-- name: merchant
-- description: Of this merchant.
c.merchant_id = :merchant;

-- name: stage
-- description: At this stage.
c.stage = :stage;

-- name: reason
-- description: For this reason.
c.reason = :reason;

-- name: owner
-- description: On which this one works.
c.owner = :owner;

-- name: transaction
-- description: Of this transaction.
c.transaction_id = :transaction;

-- name: live
-- description: Not ended.
c.ended_at IS NULL;

-- name: ended
-- description: Ended.
c.ended_at IS NOT NULL;

-- name: asked
-- description: Of which a step waits for a second person.
c.asked <> '' AND c.ended_at IS NULL;

-- name: overdue
-- description: Due before now, and not ended.
c.ended_at IS NULL AND c.due_at < :overdue;

-- name: after
-- description: After the last one of a page.
(c.opened_at, c.id) < (:after_at, :after_id::uuid);

-- name: find
-- description: One chargeback.
SELECT {columns} FROM chargebacks c
JOIN merchants m ON m.merchant_id = c.merchant_id
JOIN transactions t ON t.merchant_id = c.merchant_id AND t.id = c.transaction_id
WHERE c.id = :id AND m.lives <> 'away';

-- name: history
-- description: What happened to a chargeback, the first thing first, with the hash of each.
SELECT body, hash FROM chargeback_events WHERE merchant_id = :merchant AND chargeback_id = :id ORDER BY line;

-- name: evidence
-- description: The documents of a chargeback, without their content.
SELECT id, kind, name, media_type, size, digest, added_by, added_at FROM chargeback_evidence
WHERE merchant_id = :merchant AND chargeback_id = :id ORDER BY added_at, id;

-- name: sums
-- description: Live chargebacks by stage and currency: how many, their money, how many are late or wait.
SELECT c.stage, c.currency, count(*)::integer AS count, sum(c.amount)::bigint AS amount,
       sum(CASE c.money WHEN 'held' THEN c.held + c.fee ELSE 0 END)::bigint AS held,
       count(*) FILTER (WHERE c.due_at < :now)::integer AS overdue,
       count(*) FILTER (WHERE c.asked <> '')::integer AS asked
FROM chargebacks c JOIN merchants m ON m.merchant_id = c.merchant_id
WHERE c.ended_at IS NULL AND (:merchant::text = '' OR c.merchant_id = :merchant) AND m.lives <> 'away'
GROUP BY c.stage, c.currency ORDER BY c.stage, c.currency;

-- name: transaction_named
-- description: Transactions with a reference number, or the one with an id.
SELECT merchant_id, id FROM transactions WHERE rrn = :rrn
UNION SELECT merchant_id, id FROM transactions WHERE id = :id::uuid
LIMIT 2;

-- name: workers
-- description: Those of some names who may act, in roles that may.
SELECT name FROM users WHERE name = :name AND active AND role = ANY (:roles::text[]);

-- name: proposed
-- description: What rows of clearing files propose and nobody has decided, the oldest first, with the live chargeback of the sale.
SELECT {proposal} WHERE p.state = 'waiting' AND coalesce(m.lives, 'here') <> 'away'
ORDER BY p.found_at, p.line, p.id LIMIT :limit;

-- name: proposal_of
-- description: One of them, whatever was decided.
SELECT {proposal} WHERE p.id = :id AND coalesce(m.lives, 'here') <> 'away';

-- name: proposal
-- description: Part: what is shown of a proposal, and where it is found.
p.merchant_id, p.id, p.file_id, p.line, p.transaction_id, p.act, p.rrn, p.amount, p.currency, p.found_at, p.state,
p.chargeback_id, p.decided_by, p.decided_at, coalesce(f.name, '') AS file_name, m.name_zh, m.name_en,
t.amount AS of_amount, c.id AS live_id, c.stage AS live_stage, c.number AS live_number
FROM chargeback_proposals p
LEFT JOIN clearing_files f ON f.id = p.file_id
LEFT JOIN merchants m ON m.merchant_id = p.merchant_id
LEFT JOIN transactions t ON t.merchant_id = p.merchant_id AND t.id = p.transaction_id
LEFT JOIN chargebacks c ON c.merchant_id = p.merchant_id AND c.transaction_id = p.transaction_id AND c.ended_at IS NULL;
