-- What merchants are paid: payouts, what is in one, files to and from the bank, sums of a day.

-- name: search
-- description: Payouts by the conditions that are wanted, the latest first.
-- Their day comes with their time, so an index gives them in this order but for those of one day.
SELECT p.merchant_id, p.id, p.currency, p.amount, p.run_on, p.state, p.made_by, p.made_at,
       p.decided_by, p.decided_at, p.file_id, p.bank_code, p.bank_text, p.paid_at, p.returned_at,
       a.holder, a.bank, a.shown, m.name_zh, m.name_en
FROM payouts p
JOIN payout_accounts a ON a.merchant_id = p.merchant_id AND a.id = p.account_id
JOIN merchants m ON m.merchant_id = p.merchant_id
WHERE {conditions} AND m.lives <> 'away'
ORDER BY p.run_on DESC, p.made_at DESC, p.id DESC LIMIT :limit;

-- name: merchant
-- description: Of this merchant.
p.merchant_id = :merchant;

-- name: state
-- description: In this state.
p.state = :state;

-- name: day
-- description: Made on this day.
p.run_on = :day;

-- name: after
-- description: After the last one of a page, of which the day is known as well.
p.run_on <= :after_on AND (p.made_at, p.id) < (:after_at, :after_id);

-- name: find
-- description: One payout; where it failed, since when its money is available again, and in which one it is.
SELECT p.merchant_id, p.id, p.currency, p.amount, p.run_on, p.state, p.made_by, p.made_at,
       p.decided_by, p.decided_at, p.file_id, p.bank_code, p.bank_text, p.paid_at, p.returned_at,
       a.holder, a.bank, a.shown, m.name_zh, m.name_en, f.name AS file_name, f.made_at AS filed_at,
       v.asked_at AS back_at, v.payout_id AS back_in
FROM payouts p
JOIN payout_accounts a ON a.merchant_id = p.merchant_id AND a.id = p.account_id
JOIN merchants m ON m.merchant_id = p.merchant_id
LEFT JOIN payout_files f ON f.id = p.file_id
LEFT JOIN account_moves v ON v.merchant_id = p.merchant_id AND v.about = p.id
                         AND v.kind = 'payout_return'
WHERE p.id = :id AND m.lives <> 'away';

-- name: days
-- description: The business days in a payout.
SELECT business_date, currency, taken, given_back, fees, net, fee, due_on, available_at
FROM merchant_days WHERE merchant_id = :merchant AND payout_id = :id ORDER BY business_date;

-- name: moves
-- description: What else is in a payout.
SELECT id, currency, kind, amount, about, reason, asked_by, asked_at, decided_by, decided_at
FROM account_moves WHERE merchant_id = :merchant AND payout_id = :id ORDER BY asked_at, id;

-- name: waiting
-- description: Payouts that wait for a second person, the oldest first.
SELECT p.merchant_id, p.id, p.currency, p.amount, p.run_on, p.made_by, p.made_at, a.holder, a.bank,
       a.shown, m.name_zh, m.name_en
FROM payouts p
JOIN payout_accounts a ON a.merchant_id = p.merchant_id AND a.id = p.account_id
JOIN merchants m ON m.merchant_id = p.merchant_id
WHERE p.state = 'held' AND m.lives = 'here'
ORDER BY p.made_at, p.id LIMIT :limit;

-- name: glance
-- description: By currency what came on a day, what goes out, what is on its way, and what is held back and why.
WITH here AS (
    SELECT merchant_id FROM merchants WHERE lives <> 'away'
), held AS (
    SELECT currency, sum(pending) AS pending, sum(greatest(available, 0)) AS available,
           sum(least(available, 0)) AS owed, sum(frozen) AS frozen,
           sum(rolling_reserve) AS rolling_reserve, sum(in_payout) AS in_payout,
           sum(CASE WHEN NOT EXISTS (
                   SELECT FROM payout_accounts a
                   WHERE a.merchant_id = b.merchant_id AND a.currency = b.currency AND a.state = 'used')
               THEN greatest(available, 0) ELSE 0 END) AS without_account
    FROM merchant_balances b JOIN here USING (merchant_id) GROUP BY currency
), came AS (
    SELECT currency, sum(net - fee) AS came, count(*) AS came_of
    FROM merchant_days JOIN here USING (merchant_id)
    WHERE available_at >= :since AND available_at < :until GROUP BY currency
), went AS (
    SELECT currency, count(*) AS payouts, sum(amount) AS out,
           coalesce(sum(amount) FILTER (WHERE state = 'held'), 0) AS waits,
           coalesce(sum(amount) FILTER (WHERE state = 'ready'), 0) AS ready,
           coalesce(sum(amount) FILTER (WHERE state = 'filed'), 0) AS at_bank,
           coalesce(sum(amount) FILTER (WHERE state = 'paid'), 0) AS paid,
           coalesce(sum(amount) FILTER (WHERE state IN ('rejected', 'returned')), 0) AS failed
    FROM payouts JOIN here USING (merchant_id) WHERE run_on = :day GROUP BY currency
)
SELECT h.currency, h.pending::bigint, h.available::bigint, h.owed::bigint, h.frozen::bigint,
       h.rolling_reserve::bigint, h.in_payout::bigint, h.without_account::bigint,
       coalesce(c.came, 0)::bigint AS came, coalesce(c.came_of, 0) AS came_of,
       coalesce(w.payouts, 0) AS payouts, coalesce(w.out, 0)::bigint AS out,
       coalesce(w.waits, 0)::bigint AS waits, coalesce(w.ready, 0)::bigint AS ready,
       coalesce(w.at_bank, 0)::bigint AS at_bank, coalesce(w.paid, 0)::bigint AS paid,
       coalesce(w.failed, 0)::bigint AS failed
FROM held h LEFT JOIN came c USING (currency) LEFT JOIN went w USING (currency)
ORDER BY h.currency;

-- name: files
-- description: Files for the bank, the latest first.
SELECT id, name, format, currency, payouts, total, made_at, released_at, released_by, delivered_at
FROM payout_files
WHERE (:after_at::timestamptz IS NULL OR (made_at, id) < (:after_at, :after_id::uuid))
ORDER BY made_at DESC, id DESC LIMIT :limit;

-- name: bank_files
-- description: Files of the bank, the latest first, each with how many lines came to what.
SELECT f.id, f.name, f.format, f.rows, f.read_by, f.read_at, f.applied_at, f.waits, f.confirmed_by,
       (SELECT coalesce(jsonb_object_agg(outcome, lines), '{}'::jsonb)
        FROM (SELECT coalesce(outcome, 'left') AS outcome, count(*) AS lines FROM bank_rows
              WHERE file_id = f.id GROUP BY 1) o) AS outcomes
FROM bank_files f
WHERE (:after_at::timestamptz IS NULL OR (f.read_at, f.id) < (:after_at, :after_id::uuid))
ORDER BY f.read_at DESC, f.id DESC LIMIT :limit;
