-- What a merchant's closed business days came to, and the terms by which they become available.

-- name: days
-- description: Closed business days of a merchant, the latest first.
SELECT business_date, currency, taken, given_back, fees, net, fee, due_on, available_at
FROM merchant_days
WHERE merchant_id = :merchant AND business_date < :before
ORDER BY business_date DESC, currency LIMIT :limit;

-- name: terms
-- description: Terms of settlement of a merchant, the latest first.
SELECT valid_from, cycle, days, weekday, fee_ppm, reserve_ppm, minimum, minimum, set_by, set_at
FROM settlement_terms WHERE merchant_id = :merchant ORDER BY valid_from DESC;

-- name: open_from
-- description: The first business day that is open.
SELECT open_from FROM books;

-- name: add
-- description: Add terms from a business day on; nothing when there are some from that day on.
INSERT INTO settlement_terms (merchant_id, valid_from, cycle, days, weekday, fee_ppm, reserve_ppm, minimum,
                              set_by, set_at)
VALUES (:merchant, :valid_from, :cycle, :days, :weekday, :fee_ppm, :reserve_ppm, :minimum, :who, :at)
ON CONFLICT DO NOTHING
RETURNING valid_from;

-- name: reserves
-- description: What of a merchant's business days is held back, what is given free first comes first.
SELECT on_day, currency, share_ppm, amount, left_over, free_on, reason,
       sum(left_over) OVER (PARTITION BY currency)::bigint AS held
FROM reserves
WHERE merchant_id = :merchant AND left_over > 0 AND held_at IS NOT NULL
ORDER BY free_on, on_day, currency LIMIT :limit;
