-- The reserve: what came back later of each business day, what is held back of one, and what is given free.

-- name: span
-- description: The first business day that was not searched for what came back on it, and the last one counted.
SELECT greatest(returned_to, counted_to - :window::int) AS after, counted_to
FROM books WHERE returned_to < counted_to AND counted_to > '-infinity';

-- name: to_search
-- description: The first business day with entries after one; none when there is none.
SELECT min(business_date) FROM entries WHERE business_date > :after AND business_date <= :until;

-- name: searched
-- description: Keep that no day up to this one is left to be searched.
UPDATE books SET returned_to = :day WHERE returned_to < :day;

-- name: search
-- description: Keep what came back on a closed day of what was sold on days before it; each once.
WITH back AS (
    SELECT e.merchant_id, e.currency, e.kind, e.amount,
           CASE e.kind WHEN 'approval' THEN t.original_id ELSE t.id END AS original
    FROM entries e
    JOIN transactions t ON t.id = e.subject AND t.merchant_id = e.merchant_id
    WHERE e.business_date = :day AND e.kind IN ({of_transactions})
      AND e.debit = 'merchant_pending' AND e.credit = 'issuer_receivable'
    UNION ALL
    SELECT e.merchant_id, e.currency, e.kind, e.amount, v.about
    FROM entries e
    JOIN account_moves v ON v.id = e.subject AND v.merchant_id = e.merchant_id
    WHERE e.business_date = :day
      AND (e.kind = 'chargeback' AND e.credit = 'issuer_receivable' OR e.kind = 'chargeback_hold')
), dated AS (
    SELECT b.*, (SELECT min(o.business_date) FROM entries o
                 WHERE o.subject = b.original AND o.kind = 'approval'
                   AND o.merchant_id = b.merchant_id) AS sold_on
    FROM back b JOIN merchants m USING (merchant_id)
    WHERE m.lives = 'here'
), kept AS (
    INSERT INTO returned_later (merchant_id, back_on, sold_on, currency, amount, disputed)
    SELECT merchant_id, :day, sold_on, currency, sum(amount),
           sum(CASE WHEN kind IN ('chargeback', 'chargeback_hold') THEN amount ELSE 0 END)
    FROM dated WHERE sold_on < :day
    GROUP BY merchant_id, sold_on, currency
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM kept;

-- name: owed_day
-- description: The first business day of which days of merchants are due and wait for what is held back of them.
SELECT min(d.business_date)
FROM merchant_days d JOIN merchants m USING (merchant_id)
WHERE d.available_at IS NULL AND d.due_on <= :today AND d.holds AND m.lives = 'here'
  AND NOT EXISTS (SELECT FROM reserves r
                  WHERE r.merchant_id = d.merchant_id AND r.on_day = d.business_date
                    AND r.currency = d.currency);

-- name: all_sold
-- description: What all merchants together have sold on each of the last days.
SELECT d.currency, d.business_date, sum(d.net)::bigint AS net
FROM merchant_days d
WHERE d.business_date > :day::date - :window::int AND d.business_date <= :day
GROUP BY d.currency, d.business_date;

-- name: all_returned
-- description: What came back of them, by the day on which and by the days after which.
SELECT currency, back_on, back_on - sold_on AS age, sum(amount)::bigint AS amount,
       sum(disputed)::bigint AS disputed
FROM returned_later
WHERE back_on > :day::date - :window::int AND back_on <= :day
GROUP BY currency, back_on, back_on - sold_on;

-- name: usual
-- description: How many times as much as usual came back, at a high quantile of the shops of the day before.
-- Of those that are known for some days: a few days of one say little.
SELECT currency, count(*) AS shops,
       percentile_disc(:high::float8) WITHIN GROUP (ORDER BY (reason->>'times')::float8) AS times
FROM reserves
WHERE on_day = :day::date - 1 AND (reason->>'days')::int >= :known
GROUP BY currency;

-- name: owed
-- description: Days of merchants that wait for what is held back of them, each with what it is judged by.
-- `reserve_ppm` is what the contract says.
SELECT d.merchant_id, d.currency, d.net - d.fee AS base, t.reserve_ppm, h.held, s.*, b.*
FROM merchant_days d
JOIN merchants m USING (merchant_id)
LEFT JOIN LATERAL (
    SELECT reserve_ppm FROM settlement_terms t
    WHERE t.merchant_id = d.merchant_id AND t.valid_from <= :day
    ORDER BY t.valid_from DESC LIMIT 1) t ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(left_over), 0)::bigint AS held FROM reserves r
    WHERE r.merchant_id = d.merchant_id AND r.currency = d.currency AND r.left_over > 0
      AND r.free_on > :day) h
CROSS JOIN LATERAL (
    SELECT array_agg(o.business_date) AS days, array_agg(o.net) AS nets,
           array_agg(o.largest) AS largest
    FROM merchant_days o
    WHERE o.merchant_id = d.merchant_id AND o.currency = d.currency
      AND o.business_date > :day::date - :window::int AND o.business_date <= :day) s
CROSS JOIN LATERAL (
    SELECT array_agg(l.sold_on) AS sold_on, array_agg(l.back_on) AS back_on,
           array_agg(l.amount) AS amounts, array_agg(l.disputed) AS disputed
    FROM returned_later l
    WHERE l.merchant_id = d.merchant_id AND l.currency = d.currency
      AND l.back_on > :day::date - :window::int AND l.back_on <= :day) b
WHERE d.business_date = :day AND d.holds AND d.available_at IS NULL AND d.due_on <= :today
  AND m.lives = 'here'
  AND NOT EXISTS (SELECT FROM reserves r
                  WHERE r.merchant_id = d.merchant_id AND r.on_day = d.business_date
                    AND r.currency = d.currency)
ORDER BY d.merchant_id LIMIT :most;

-- name: keep
-- description: Write down what is held back of days; of a day once.
INSERT INTO reserves (merchant_id, on_day, currency, id, share_ppm, amount, left_over, free_on, reason)
SELECT merchant_id, :day, currency, gen_random_uuid(), share_ppm, amount, amount,
       :day::date + horizon, reason
FROM unnest(:merchants::text[], :currencies::text[], :shares::int[], :amounts::bigint[],
            :horizons::int[], :reasons::jsonb[])
    AS k (merchant_id, currency, share_ppm, amount, horizon, reason)
ON CONFLICT DO NOTHING;

-- name: free
-- description: Give free what was held long enough, and what a shop needs that owes; gives how many moves.
-- Balances are locked first, so that of two each sees what the other has freed.
WITH purse AS (
    SELECT b.merchant_id, b.currency, b.available
    FROM merchant_balances b JOIN merchants m USING (merchant_id)
    WHERE b.rolling_reserve > 0 AND m.lives = 'here'
      AND (b.available < 0 OR EXISTS (
          SELECT FROM reserves r
          WHERE r.merchant_id = b.merchant_id AND r.currency = b.currency AND r.left_over > 0
            AND r.held_at IS NOT NULL AND r.free_on < :business_date))
    ORDER BY b.merchant_id, b.currency LIMIT :most FOR UPDATE OF b
), kept AS (
    SELECT r.*, r.free_on < :business_date AS due, p.available
    FROM reserves r JOIN purse p USING (merchant_id, currency)
    WHERE r.left_over > 0 AND r.held_at IS NOT NULL
    ORDER BY r.merchant_id, r.on_day, r.currency FOR UPDATE OF r
), ordered AS (
    SELECT *, sum(left_over) OVER (PARTITION BY merchant_id, currency ORDER BY free_on, on_day)
           - left_over AS before
    FROM kept
), given AS MATERIALIZED (
    SELECT *, gen_random_uuid() AS move_id
    FROM (SELECT merchant_id, currency, id, on_day,
                 CASE WHEN due THEN left_over
                      ELSE least(left_over, greatest(-available - before, 0)) END::bigint AS amount
          FROM ordered) o
    WHERE amount > 0
), moves AS (
    INSERT INTO account_moves (merchant_id, id, currency, kind, amount, about, reason, state, asked_by,
                               asked_at)
    SELECT merchant_id, move_id, currency, 'reserve_release', amount, id, on_day::text, 'done', '', :now
    FROM given
), less AS (
    UPDATE reserves r SET left_over = r.left_over - g.amount
    FROM given g
    WHERE r.merchant_id = g.merchant_id AND r.on_day = g.on_day AND r.currency = g.currency
), postings AS (
    SELECT merchant_id, move_id AS subject, 'reserve_release' AS kind, 1 AS line,
           'merchant_reserve' AS debit, 'merchant_available' AS credit, amount, currency,
           :business_date::date AS business_date, :now::timestamptz AS posted_at
    FROM given
), freed AS (
    SELECT NULL::text AS merchant_id, NULL::text AS currency, 0::bigint AS amount WHERE false
), {posted}, {balanced}
SELECT count(*) FROM given;
