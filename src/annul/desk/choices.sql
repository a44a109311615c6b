-- name: merchants
-- description: Merchants by a text in number or name, those that begin with it first.
SELECT merchant_id AS number, name_zh, name_en,
       NOT (starts_with(merchant_id, :text) OR starts_with(lower(name_en), lower(:text))
            OR starts_with(name_zh, :text)) AS inside
FROM merchants
WHERE lives <> 'away' AND position(lower(:text) IN lower(merchant_id || ' ' || name_zh || ' ' || name_en)) > 0
ORDER BY inside, number
LIMIT :limit;

-- name: issuers
-- description: Issuers by a text in number or name, those that begin with it first.
SELECT issuer_id AS number, name_zh, name_en,
       NOT (starts_with(issuer_id, :text) OR starts_with(lower(name_en), lower(:text))
            OR starts_with(name_zh, :text)) AS inside
FROM issuers
WHERE position(lower(:text) IN lower(issuer_id || ' ' || name_zh || ' ' || name_en)) > 0
ORDER BY inside, number
LIMIT :limit;
