-- When merchants' business days end by their contracts.

-- name: agreed
-- description: What was agreed on with a merchant, the latest first.
SELECT valid_from, cut_over FROM cut_overs WHERE merchant_id = :merchant ORDER BY valid_from DESC;

-- name: latest
-- description: The latest cut-over at which a merchant's business day of a date ends; null: all end with the house's.
SELECT max(c.cut_over)
FROM (SELECT DISTINCT ON (merchant_id) merchant_id, cut_over FROM cut_overs
      WHERE valid_from <= :day ORDER BY merchant_id, valid_from DESC) c
JOIN merchants m USING (merchant_id)
WHERE m.lives <> 'away';
