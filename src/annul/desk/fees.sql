-- What merchants are charged and what it costs us; what is agreed on, earned, and was charged wrongly.

-- name: rates
-- description: Rates of a merchant's own, and of its kind of contract.
SELECT pricing, card_type, party, valid_from, rate_ppm, cap FROM fee_rates
WHERE pricing IN (:merchant, :pricing);

-- name: open_from
-- description: The first business day that is open.
SELECT open_from FROM books;

-- name: own
-- description: What a merchant has agreed on for a kind of card from a day on.
SELECT rate_ppm, cap FROM fee_rates
WHERE pricing = :merchant AND card_type = :card_type AND party = 'merchant'
  AND valid_from = :valid_from;

-- name: add
-- description: Add a price of a merchant's own; nothing when there is one from that day on, or while it moves.
INSERT INTO fee_rates (pricing, card_type, party, valid_from, rate_ppm, cap)
SELECT m.merchant_id, :card_type, 'merchant', :valid_from, :rate_ppm, :cap
FROM (SELECT merchant_id FROM merchants
      WHERE merchant_id = :merchant AND lives = 'here' FOR SHARE) m
ON CONFLICT DO NOTHING
RETURNING valid_from;

-- name: changed
-- description: Have every host read reference data anew.
UPDATE reference SET version = version + 1;

-- name: margin
-- description: What a merchant's business days brought by their entries, and what they cost.
-- Entries are found by their day, of which only those are read on which the merchant sold something, or
-- that are not counted yet; else by their subject.
WITH days AS (
    SELECT business_date FROM merchant_days
    WHERE merchant_id = :merchant AND business_date BETWEEN :first AND :last
    UNION
    SELECT b.first + n
    FROM (SELECT greatest(counted_to + 1, :first::date) AS first FROM books) b
    CROSS JOIN LATERAL generate_series(0, least(:today::date, :last::date) - b.first) n
), moved AS (
    SELECT e.*
    FROM days d
    CROSS JOIN LATERAL (
        SELECT d.business_date, currency, kind, debit, credit, amount FROM entries
        WHERE business_date = d.business_date AND merchant_id = :merchant
          AND kind IN ({of_transactions})
        OFFSET 0  -- day by day, whatever is thought of how many there are
    ) e
    UNION ALL
    SELECT d.business_date, e.currency, e.kind, e.debit, e.credit, e.amount
    FROM merchant_days d
    JOIN entries e ON e.subject = d.id AND e.kind = 'settlement' AND e.merchant_id = d.merchant_id
    WHERE d.merchant_id = :merchant AND d.business_date BETWEEN :first AND :last
    UNION ALL
    SELECT e.business_date, e.currency, e.kind, e.debit, e.credit, e.amount
    FROM account_moves a
    JOIN entries e ON e.subject = a.id AND e.kind = 'correction' AND e.merchant_id = a.merchant_id
    WHERE a.merchant_id = :merchant AND a.kind = 'correction' AND a.state = 'done'
      AND e.business_date BETWEEN :first AND :last
), parts AS (
    SELECT business_date, currency, kind,
           CASE 'fee_income' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END AS income,
           CASE 'scheme_cost' WHEN debit THEN amount WHEN credit THEN -amount ELSE 0 END AS cost
    FROM moved
), sums AS (
    SELECT business_date, currency,
           coalesce(sum(income) FILTER (WHERE kind IN ({of_transactions})), 0)::bigint AS fees,
           coalesce(sum(income) FILTER (WHERE kind = 'settlement'), 0)::bigint AS early,
           coalesce(sum(income) FILTER (WHERE kind = 'correction'), 0)::bigint AS corrected,
           sum(cost)::bigint AS cost
    FROM parts GROUP BY business_date, currency
)
SELECT *, fees + early + corrected - cost AS margin FROM sums ORDER BY business_date, currency;

-- name: charged
-- description: What sales of a business day were charged, and what of that went back, counted where alike.
SELECT t.currency, t.card_type, t.amount, t.fee, coalesce(b.amount, 0)::bigint AS gone,
       coalesce(b.fee, 0)::bigint AS returned,
       CASE WHEN t.kind IN ({giving}) THEN -1 ELSE 1 END AS sign, count(*) AS sales
FROM transactions t
LEFT JOIN LATERAL (
    SELECT sum(u.amount) AS amount, sum(u.fee) AS fee FROM transactions u
    WHERE t.undone > 0 AND u.original_id = t.id AND u.merchant_id = t.merchant_id
      AND u.kind IN ({giving}) AND u.state IN ({standing})
) b ON true
WHERE t.received_at >= :since AND t.received_at < :until AND t.merchant_id = :merchant
  AND t.business_date = :day AND t.card_type = ANY (:card_types) AND t.state IN ({standing})
  AND (t.kind IN ({taking}) OR t.kind IN ({giving}) AND t.original_id IS NULL)
GROUP BY 1, 2, 3, 4, 5, 6, 7;
