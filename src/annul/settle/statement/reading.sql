-- What a statement says. Closed business days do not change; the rest is read as it stands.
-- OFFSET 0 keeps what is looked up by its key from being joined with a whole hot table instead.

-- name: ready
-- description: Who the merchant is, and the last business day up to this one that is closed and counted.
SELECT m.name_zh, m.name_en, least(:last::date, b.counted_to, b.open_from - 1) AS until
FROM merchants m CROSS JOIN books b
WHERE m.merchant_id = :merchant AND m.lives <> 'away';

-- name: days_before
-- description: What business days before the period came to.
SELECT currency, sum(net)::bigint AS net FROM merchant_days
WHERE merchant_id = :merchant AND business_date < :first GROUP BY currency;

-- name: days
-- description: The business days of the period.
SELECT business_date, currency, taken, given_back, fees, net, fee, due_on, available_at, payout_id
FROM merchant_days
WHERE merchant_id = :merchant AND business_date BETWEEN :first AND :until
ORDER BY business_date, currency;

-- name: own
-- description: Part: what entries are about that are not of transactions, each found by its key.
own AS (
    SELECT id FROM merchant_days WHERE merchant_id = :merchant AND available_at IS NOT NULL
    UNION ALL SELECT id FROM payouts WHERE merchant_id = :merchant
    UNION ALL SELECT id FROM account_moves WHERE merchant_id = :merchant
)

-- name: posted
-- description: What moved accounts apart from transactions: before the period, in it, and since.
WITH {own}
SELECT e.currency, a.account,
       CASE WHEN e.business_date < :first THEN 'before'
            WHEN e.business_date <= :until THEN 'within' ELSE 'since' END AS place,
       CASE WHEN e.kind = 'settlement' AND 'fee_income' IN (e.debit, e.credit) THEN 'early_fee'
            ELSE e.kind END AS movement,
       sum(a.amount)::bigint AS amount
FROM own CROSS JOIN LATERAL (SELECT * FROM entries
    WHERE subject = own.id AND merchant_id = :merchant OFFSET 0) e
CROSS JOIN LATERAL (VALUES (e.debit, -e.amount), (e.credit, e.amount)) a (account, amount)
WHERE a.account LIKE 'merchant\_%'
GROUP BY 1, 2, 3, 4;

-- name: balances
-- description: What stands now on the accounts that transactions do not move.
SELECT currency, available AS merchant_available, in_payout AS merchant_in_payout,
       frozen AS merchant_frozen, rolling_reserve AS merchant_reserve
FROM merchant_balances WHERE merchant_id = :merchant;

-- name: payouts
-- description: Payouts that moved in the period or have a business day of it, as they stand.
SELECT p.id, p.currency, p.amount, p.run_on, p.state, coalesce(a.shown, '') AS account,
       p.bank_code, p.bank_text, p.paid_at, p.returned_at
FROM payouts p LEFT JOIN payout_accounts a ON a.id = p.account_id AND a.merchant_id = p.merchant_id
CROSS JOIN LATERAL (SELECT bool_or(business_date BETWEEN :first AND :until) AS moved FROM entries
    WHERE subject = p.id AND merchant_id = :merchant) e
WHERE p.merchant_id = :merchant AND (
    e.moved OR p.id IN (SELECT payout_id FROM merchant_days
                WHERE merchant_id = :merchant AND business_date BETWEEN :first AND :until)
    OR p.id IN (SELECT about FROM account_moves m
                CROSS JOIN LATERAL (SELECT business_date FROM entries
                    WHERE subject = m.id AND merchant_id = :merchant OFFSET 0) r
                WHERE m.merchant_id = :merchant AND m.kind = 'payout_return'
                  AND r.business_date BETWEEN :first AND :until))
ORDER BY p.run_on, p.id;

-- name: moves
-- description: What changed what is available in the period apart from business days.
SELECT e.business_date, m.currency, m.kind, m.amount, m.reason, m.about, m.payout_id
FROM account_moves m
CROSS JOIN LATERAL (SELECT business_date, posted_at FROM entries e
    WHERE e.subject = m.id AND e.merchant_id = m.merchant_id ORDER BY line LIMIT 1) e
WHERE m.merchant_id = :merchant AND e.business_date BETWEEN :first AND :until
ORDER BY e.posted_at, m.id;

-- name: lines
-- description: The transactions of a closed business day as they were booked, in order of time.
WITH booked AS (
    SELECT subject, kind, currency, min(posted_at) AS at,
           sum(CASE 'issuer_receivable' WHEN debit THEN amount WHEN credit THEN -amount ELSE 0 END)::bigint AS amount,
           sum(CASE 'fee_income' WHEN debit THEN amount WHEN credit THEN -amount ELSE 0 END)::bigint AS fee
    FROM entries
    WHERE business_date = :day AND merchant_id = :merchant AND kind IN ({of_transactions})
      AND 'merchant_pending' IN (debit, credit)
    GROUP BY subject, kind, currency
)
SELECT b.at, :day::date AS business_date, b.currency, b.kind AS posting, coalesce(t.kind, '') AS kind,
       coalesce(t.terminal_id, '') AS terminal_id, coalesce(t.batch, '') AS batch,
       coalesce(t.trace, '') AS trace, coalesce(t.rrn, '') AS rrn,
       coalesce(t.card_masked, '') AS card_masked, b.amount, b.fee,
       coalesce(CASE b.kind WHEN 'approval' THEN o.rrn ELSE t.rrn END, '') AS original_rrn,
       CASE b.kind WHEN 'approval' THEN o.business_date ELSE t.business_date END AS original_date
FROM booked b
LEFT JOIN LATERAL (SELECT * FROM transactions
    WHERE id = b.subject AND merchant_id = :merchant OFFSET 0) t ON true
LEFT JOIN LATERAL (SELECT rrn, business_date FROM transactions
    WHERE id = t.original_id AND merchant_id = :merchant OFFSET 0) o ON true
ORDER BY b.subject, b.kind, b.currency;
