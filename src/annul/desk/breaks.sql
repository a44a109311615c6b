-- Breaks as people see them: lists, one with all that is known of it, sums.

-- name: search
-- description: Breaks by the conditions that are wanted, the latest first.
SELECT {columns}, f.name AS file_name, m.name_zh, m.name_en, t.amount AS of_amount,
       {under_way} AS under_way
FROM breaks b
JOIN clearing_files f ON f.id = b.file_id
LEFT JOIN merchants m ON m.merchant_id = b.merchant_id
LEFT JOIN transactions t ON t.merchant_id = b.merchant_id AND t.id = b.transaction_id
WHERE {conditions} AND coalesce(m.lives, 'here') <> 'away'
ORDER BY b.opened_at DESC, b.id DESC LIMIT :limit;

-- name: columns
-- description: Part: what is shown of a break.
b.merchant_id, b.id, b.kind, b.file_id, b.line, b.transaction_id, b.money, b.currency, b.differs, b.cause,
b.foretold, b.owner, b.opened_at, b.due_at, b.state, b.resolved_as, b.reason, b.asked_by, b.asked_at,
b.decided_by, b.decided_at, b.ended_in;

-- name: under_way
-- description: Part: whether what its end has said of its transaction is still to be carried out.
EXISTS (SELECT FROM clearing_proofs p
        WHERE p.transaction_id = b.transaction_id AND p.break_id = b.id AND p.carried_at IS NULL)

-- name: merchant
-- description: Of this merchant.
b.merchant_id = :merchant;

-- name: kind
-- description: Of this kind.
b.kind = :kind;

-- name: cause
-- description: With this cause.
b.cause = :cause;

-- name: state
-- description: In this state.
b.state = :state;

-- name: waiting
-- description: Not ended yet.
b.state IN ('open', 'asked');

-- name: owner
-- description: On which this one works.
b.owner = :owner;

-- name: file
-- description: Of this file.
b.file_id = :file;

-- name: transaction
-- description: Of this transaction.
b.transaction_id = :transaction;

-- name: foretold
-- description: Foretold before the file came, or not.
b.foretold = :foretold;

-- name: overdue
-- description: Due before now, and not ended.
b.state IN ('open', 'asked') AND b.due_at < :overdue;

-- name: among
-- description: One of these.
b.id = ANY (:among::uuid[]);

-- name: after
-- description: After the last one of a page.
(b.opened_at, b.id) < (:after_at, :after_id::uuid);

-- name: find
-- description: One break, and the amount of what it is about.
SELECT {columns}, b.facts, f.name AS file_name, f.layout, f.settles_on, m.name_zh, m.name_en,
       t.amount AS of_amount, {under_way} AS under_way
FROM breaks b
JOIN clearing_files f ON f.id = b.file_id
LEFT JOIN merchants m ON m.merchant_id = b.merchant_id
LEFT JOIN transactions t ON t.merchant_id = b.merchant_id AND t.id = b.transaction_id
WHERE b.id = :id AND coalesce(m.lives, 'here') <> 'away';

-- name: row
-- description: The row that a break is about, as its file had it.
SELECT line, merchant_id, terminal_id, trace, rrn, auth_code, card_masked, kind, effect, amount, currency, fee,
       sent_at, settles_on, code, original_trace, undone, undoes, outcome
FROM clearing_rows WHERE file_id = :file AND line = :line;

-- name: transaction_of
-- description: The transaction that a break is about.
SELECT id, kind, state, amount, currency, terminal_id, trace, rrn, auth_code, response_code, card_masked,
       business_date, received_at, ended_at
FROM transactions WHERE merchant_id = :merchant AND id = :transaction;

-- name: proofs
-- description: What files and people have proved of a transaction.
SELECT id, file_id, line, proves, was, break_id, found_at, came, carried_at, discarded_at, undone_at
FROM clearing_proofs WHERE merchant_id = :merchant AND transaction_id = :transaction
ORDER BY found_at, id LIMIT :limit;

-- name: history
-- description: What was done to a break, the latest first.
SELECT at, who, role, action, reason, detail FROM audit
WHERE object = :object AND object LIKE 'break %' ORDER BY at DESC, id DESC LIMIT :limit;

-- name: sums
-- description: By kind and cause how many breaks wait, their money, and how many of them are late.
SELECT b.kind, b.cause, b.currency, count(*)::integer AS count, sum(b.money)::bigint AS money,
       sum(abs(b.money))::bigint AS in_question, count(*) FILTER (WHERE b.due_at < :now)::integer AS overdue,
       count(*) FILTER (WHERE b.state = 'asked')::integer AS asked,
       count(*) FILTER (WHERE b.foretold)::integer AS foretold
FROM breaks b LEFT JOIN merchants m ON m.merchant_id = b.merchant_id
WHERE b.state IN ('open', 'asked') AND (:merchant::text = '' OR b.merchant_id = :merchant)
  AND coalesce(m.lives, 'here') <> 'away'
GROUP BY b.kind, b.cause, b.currency ORDER BY b.kind, b.cause, b.currency;

-- name: workers
-- description: Those of some names who may act, in roles that may.
SELECT name FROM users WHERE name = ANY (:names::text[]) AND active AND role = ANY (:roles::text[]);
