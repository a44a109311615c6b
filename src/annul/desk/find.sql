-- One search over everything. Each statement gives a few rows, the latest first, of the merchant that
-- somebody is bound to, or of all (empty). Numbers, last four digits and amounts of cases go by index;
-- {latest} and {vouchers} say how much is looked through where there is none.

-- name: case
-- description: What tells one case from others.
c.merchant_id, c.id, c.number, c.kind, c.amount, c.currency, c.card_masked, c.opened_at AS at,
c.step, c.task, c.proposed, c.ended, m.name_zh, m.name_en;

-- name: transaction
-- description: What tells one transaction from others.
t.merchant_id, t.id, t.rrn, t.trace, t.kind, t.state, t.amount, t.currency, t.card_masked,
t.received_at AS at, m.name_zh, m.name_en;

-- name: cases_by_number
-- description: Cases with this number.
SELECT {case} FROM cases c LEFT JOIN merchants m ON m.merchant_id = c.merchant_id
WHERE c.number = :text AND (:merchant = '' OR c.merchant_id = :merchant)
ORDER BY c.opened_at DESC LIMIT :limit;

-- name: cases_by_last_four
-- description: Cases of cards that end like this.
SELECT {case} FROM cases c LEFT JOIN merchants m ON m.merchant_id = c.merchant_id
WHERE right(c.card_masked, 4) = :text AND (:merchant = '' OR c.merchant_id = :merchant)
ORDER BY c.opened_at DESC LIMIT :limit;

-- name: cases_by_amount
-- description: Cases about this amount in minor units.
SELECT {case} FROM cases c LEFT JOIN merchants m ON m.merchant_id = c.merchant_id
WHERE c.amount = :amount AND (:merchant = '' OR c.merchant_id = :merchant)
ORDER BY c.opened_at DESC LIMIT :limit;

-- name: cases_of
-- description: Cases about any of these transactions, or opened by them.
SELECT {case} FROM cases c LEFT JOIN merchants m ON m.merchant_id = c.merchant_id
WHERE (c.id = ANY (:ids::uuid[]) OR c.original_id = ANY (:ids::uuid[]))
  AND (:merchant = '' OR c.merchant_id = :merchant)
ORDER BY c.opened_at DESC LIMIT :limit;

-- name: transactions_by_rrn
-- description: Transactions with this reference number (field 37).
SELECT {transaction} FROM transactions t LEFT JOIN merchants m ON m.merchant_id = t.merchant_id
WHERE t.rrn = :text AND (:merchant = '' OR t.merchant_id = :merchant)
ORDER BY t.received_at DESC LIMIT :limit;

-- name: transactions_by_voucher
-- description: Transactions with this voucher number (field 11), the latest of those looked through.
SELECT {transaction}
FROM (SELECT * FROM transactions v
      WHERE v.trace = lpad(:text, 6, '0') AND (:merchant = '' OR v.merchant_id = :merchant)
      LIMIT {vouchers}) t
LEFT JOIN merchants m ON m.merchant_id = t.merchant_id
ORDER BY t.received_at DESC LIMIT :limit;

-- name: transactions_by_approval
-- description: Pre-authorisations with this authorisation code, and the latest transactions with it.
SELECT {transaction}
FROM (SELECT * FROM transactions p
      WHERE p.kind = 'preauth' AND p.auth_code <> '' AND p.auth_code = :text
      UNION
      SELECT * FROM (SELECT * FROM transactions ORDER BY received_at DESC LIMIT {latest}) l
      WHERE l.auth_code = :text) t
LEFT JOIN merchants m ON m.merchant_id = t.merchant_id
WHERE :merchant = '' OR t.merchant_id = :merchant
ORDER BY t.received_at DESC LIMIT :limit;

-- name: transactions_by_last_four
-- description: The latest transactions of cards that end like this.
SELECT {transaction}
FROM (SELECT * FROM transactions ORDER BY received_at DESC LIMIT {latest}) t
LEFT JOIN merchants m ON m.merchant_id = t.merchant_id
WHERE right(t.card_masked, 4) = :text AND (:merchant = '' OR t.merchant_id = :merchant)
ORDER BY t.received_at DESC LIMIT :limit;

-- name: transactions_by_amount
-- description: The latest transactions of this amount in minor units.
SELECT {transaction}
FROM (SELECT * FROM transactions ORDER BY received_at DESC LIMIT {latest}) t
LEFT JOIN merchants m ON m.merchant_id = t.merchant_id
WHERE t.amount = :amount AND (:merchant = '' OR t.merchant_id = :merchant)
ORDER BY t.received_at DESC LIMIT :limit;

-- name: merchants
-- description: Merchants with this text in their number or name.
SELECT merchant_id, name_zh, name_en, active FROM merchants
WHERE position(lower(:text) IN lower(merchant_id || ' ' || name_zh || ' ' || name_en)) > 0
  AND (:merchant = '' OR merchant_id = :merchant) AND lives <> 'away'
ORDER BY merchant_id LIMIT :limit;

-- name: terminals
-- description: Terminals with this number.
SELECT t.merchant_id, t.terminal_id, t.active, m.name_zh, m.name_en
FROM terminals t JOIN merchants m ON m.merchant_id = t.merchant_id
WHERE t.terminal_id || '' = :text AND (:merchant = '' OR t.merchant_id = :merchant)
ORDER BY t.merchant_id LIMIT :limit;

-- name: issuers
-- description: Issuers with this text in their number or name.
SELECT issuer_id, name_zh, name_en, active FROM issuers
WHERE position(lower(:text) IN lower(issuer_id || ' ' || name_zh || ' ' || name_en)) > 0
ORDER BY issuer_id LIMIT :limit;
