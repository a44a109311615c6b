-- Questions of the sweep about what merchants are paid: payouts, what is available, days that were counted.

-- name: looked_payout
-- description: Part: payouts that are looked at; the days on which they were made lead there by an index.
p.made_at >= :since AND p.made_at < :until
  AND p.run_on >= (:since::timestamptz - interval '1 day')::date
  AND p.run_on <= (:until::timestamptz + interval '1 day')::date
  AND (:ids::uuid[] IS NULL OR p.id = ANY (:ids::uuid[])) AND p.made_at < :before

-- name: payout_items
-- description: A payout that is not the sum of the days and moves in it.
-- Mostly they are of the last weeks; all days of a merchant are read where those are not enough. What is
-- looked over by that is missing elsewhere: nothing is in two payouts.
SELECT merchant_id, id, reference, facts FROM (
    SELECT p.merchant_id, p.id, replace(p.id::text, '-', '') AS reference, p.amount, i.items,
           jsonb_build_object('state', p.state, 'amount', p.amount, 'currency', p.currency,
                              'items', i.items) AS facts
    FROM payouts p
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(v.amount), 0) AS amount FROM account_moves v
        WHERE v.merchant_id = p.merchant_id AND v.payout_id = p.id AND v.state = 'done'
          AND v.currency = p.currency
    ) m
    CROSS JOIN LATERAL (
        SELECT m.amount + coalesce(sum(d.net - d.fee), 0) AS items FROM merchant_days d
        WHERE d.merchant_id = p.merchant_id AND d.payout_id = p.id AND d.currency = p.currency
          AND d.available_at IS NOT NULL AND d.business_date > p.run_on - 45
    ) lately
    CROSS JOIN LATERAL (
        SELECT CASE WHEN lately.items = p.amount THEN p.amount ELSE (
            SELECT m.amount + coalesce(sum(d.net - d.fee), 0) FROM merchant_days d
            WHERE d.merchant_id = p.merchant_id AND d.payout_id = p.id AND d.currency = p.currency
              AND d.available_at IS NOT NULL) END AS items
    ) i
    WHERE {looked_payout}
) AS compared
WHERE items <> amount
LIMIT :limit;

-- name: payout_state
-- description: A payout whose state its entries do not show: paid without one, or ended with money still on its way.
-- One that the bank has returned before it said that it was booked waits for that, a week at most.
SELECT p.merchant_id, p.id, replace(p.id::text, '-', '') AS reference,
       jsonb_build_object('state', p.state, 'amount', p.amount, 'currency', p.currency,
                          'on_its_way', e.on_its_way, 'at_bank', e.at_bank, 'back', e.back) AS facts
FROM payouts p
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE 'merchant_in_payout' WHEN credit THEN amount WHEN debit THEN -amount END), 0)
               AS on_its_way,
           coalesce(sum(CASE 'bank' WHEN credit THEN amount WHEN debit THEN -amount END), 0) AS at_bank,
           coalesce(sum(amount) FILTER (WHERE credit = 'merchant_available'), 0) AS back
    FROM entries
    WHERE merchant_id = p.merchant_id
      AND subject IN (SELECT p.id UNION ALL
                      SELECT v.id FROM account_moves v
                      WHERE v.merchant_id = p.merchant_id AND v.about = p.id
                        AND v.kind = 'payout_return')
) e
CROSS JOIN LATERAL (
    SELECT CASE WHEN p.state IN ({failed_payouts}) THEN p.amount ELSE 0 END AS back,
           CASE WHEN p.paid_at IS NULL THEN 0 ELSE p.amount END
               - CASE WHEN p.returned_at IS NULL THEN 0 ELSE p.amount END AS at_bank
) x
WHERE {looked_payout}
  AND ((e.on_its_way, e.at_bank, e.back) IS DISTINCT FROM (p.amount - x.at_bank - x.back, x.at_bank, x.back)
       OR (p.state = 'paid') <> (p.paid_at IS NOT NULL AND p.returned_at IS NULL)
       OR (p.state = 'returned') <> (p.returned_at IS NOT NULL)
       OR p.returned_at < :before - interval '7 days' AND p.paid_at IS NULL)
LIMIT :limit;

-- name: next_payouts
-- description: Where a span of about so many payouts ends, within another: between two days on which they were made.
SELECT least(:until, (run_on + 2)::timestamp AT TIME ZONE 'UTC') FROM payouts
WHERE run_on >= (:since::timestamptz - interval '1 day')::date
  AND run_on <= (:until::timestamptz + interval '1 day')::date
ORDER BY run_on OFFSET :rows LIMIT 1;

-- name: available
-- description: What is available to a merchant is not what no payout has taken yet.
WITH unpaid AS (
    SELECT merchant_id, currency, sum(amount) AS items
    FROM (SELECT merchant_id, currency, net - fee AS amount FROM merchant_days
          WHERE available_at IS NOT NULL AND payout_id IS NULL
          UNION ALL
          SELECT merchant_id, currency, amount FROM account_moves
          WHERE state = 'done' AND payout_id IS NULL) i
    GROUP BY merchant_id, currency
), compared AS (
    SELECT merchant_id, currency, coalesce(b.available, 0) AS available, coalesce(u.items, 0) AS items
    FROM merchant_balances b FULL JOIN unpaid u USING (merchant_id, currency)
)
SELECT merchant_id, NULL::uuid AS id, currency AS reference, to_jsonb(compared) - 'merchant_id' AS facts
FROM compared WHERE available <> items
ORDER BY merchant_id, currency
LIMIT :limit;

-- name: counted_days
-- description: Business days that were counted for a merchant.
SELECT DISTINCT business_date FROM merchant_days ORDER BY business_date;

-- name: counted_day
-- description: A merchant's business day that is closed and counted, and to which its entries do not come.
WITH came AS (
    SELECT merchant_id, currency,
           sum(amount) FILTER (WHERE debit = 'issuer_receivable') AS taken,
           sum(amount) FILTER (WHERE credit = 'issuer_receivable') AS given_back,
           sum(CASE 'merchant_pending' WHEN credit THEN amount ELSE -amount END) AS net
    FROM entries
    WHERE business_date = :day AND kind IN ({of_transactions})
      AND 'merchant_pending' IN (debit, credit)
    GROUP BY merchant_id, currency
), kept AS (
    SELECT d.* FROM merchants m
    JOIN merchant_days d ON d.merchant_id = m.merchant_id AND d.business_date = :day
), compared AS (
    SELECT merchant_id, currency,
           coalesce(k.taken, 0) AS taken, coalesce(c.taken, 0) AS taken_entries,
           coalesce(k.given_back, 0) AS given_back, coalesce(c.given_back, 0) AS given_back_entries,
           coalesce(k.net, 0) AS net, coalesce(c.net, 0) AS net_entries
    FROM kept k FULL JOIN came c USING (merchant_id, currency)
    WHERE merchant_id IN (SELECT m.merchant_id FROM merchants m WHERE m.lives = 'here')
)
SELECT merchant_id, NULL::uuid AS id, to_char(:day::date, 'YYYY-MM-DD ') || currency AS reference,
       to_jsonb(compared) - 'merchant_id' AS facts
FROM compared
WHERE (taken, given_back, net) IS DISTINCT FROM (taken_entries, given_back_entries, net_entries)
ORDER BY merchant_id, currency
LIMIT :limit;

-- name: suspense
-- description: Money in suspense that is not what breaks with clearing files come to that wait, by merchant and currency.
-- What followed a break onto the merchant's account is a move of its own.
WITH held AS (
    SELECT b.merchant_id, b.currency, CASE WHEN b.state IN ('open', 'asked') THEN b.money ELSE 0 END AS waits,
           coalesce((SELECT sum(CASE 'suspense' WHEN e.credit THEN e.amount WHEN e.debit THEN -e.amount END)
                     FROM entries e
                     WHERE e.subject = b.id AND e.kind IN ('break', 'break_end')), 0)
           - coalesce((SELECT sum(v.amount) FROM account_moves v
                       WHERE v.merchant_id = b.merchant_id AND v.id = ANY (b.moves)
                         AND v.state = 'done'), 0) AS left_over
    FROM breaks b WHERE b.merchant_id <> '' AND b.money <> 0
)
SELECT merchant_id, NULL::uuid AS id, currency AS reference,
       jsonb_build_object('currency', currency, 'waits', sum(waits), 'suspended', sum(left_over)) AS facts
FROM held
GROUP BY merchant_id, currency
HAVING sum(waits) <> sum(left_over)
LIMIT :limit;

-- name: tolerance
-- description: Differences with clearing files that rules accept and that are posted otherwise, by merchant and currency.
WITH compared AS (
    SELECT d.merchant_id, d.currency, CASE WHEN d.counts THEN d.money ELSE 0 END AS accepted, e.borne, e.there
    FROM clearing_differences d
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(x.money), 0) AS borne, coalesce(sum(x.money) FILTER (WHERE x.account = d.account), 0) AS there
        FROM entries e
        CROSS JOIN LATERAL (
            SELECT CASE WHEN e.debit = o.owed THEN e.credit ELSE e.debit END AS account,
                   CASE WHEN e.debit = o.owed THEN e.amount ELSE -e.amount END AS money
            FROM (SELECT CASE d.kind WHEN 'fee' THEN 'scheme_payable' ELSE 'issuer_receivable' END AS owed) o) x
        WHERE e.subject = d.id AND e.merchant_id = d.merchant_id AND e.kind IN ('tolerance', 'tolerance_end')) e
)
SELECT merchant_id, NULL::uuid AS id, currency AS reference,
       jsonb_build_object('currency', currency, 'accepted', sum(accepted), 'borne', sum(there)) AS facts
FROM compared
GROUP BY merchant_id, currency
HAVING bool_or(accepted <> borne OR accepted <> there)
LIMIT :limit;
