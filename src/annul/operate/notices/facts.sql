-- What is known of heads when they are told.

-- name: heads
-- description: Heads as they are, with the names of the issuer or merchant that they are of.
SELECT h.id, h.merchant_id, h.number, h.scope, h.member, h.severity, h.opened_at, h.closed_at, h.ends_at, h.cause,
       coalesce(i.name_zh, m.name_zh, '') AS name_zh, coalesce(i.name_en, m.name_en, '') AS name_en
FROM incident_heads h
LEFT JOIN issuers i ON h.scope = 'issuer' AND i.issuer_id = h.member
LEFT JOIN merchants m ON h.scope = 'merchant' AND m.merchant_id = h.member
WHERE (h.id, h.merchant_id) IN (SELECT * FROM unnest(:heads::uuid[], :merchants::text[]));

-- name: raised
-- description: What was raised under heads, by kind, with the parameters of the latest; the most frequent first.
SELECT k.head_id, k.kind, k.many, k.shops,
       (SELECT i.params FROM incidents i WHERE i.head_id = k.head_id AND i.kind = k.kind
        ORDER BY i.opened_at DESC LIMIT 1) AS params
FROM (SELECT head_id, kind, count(*) AS many, count(DISTINCT nullif(merchant_id, '')) AS shops
      FROM incidents WHERE head_id = ANY (:heads::uuid[]) GROUP BY head_id, kind) k
ORDER BY k.head_id, k.many DESC, k.kind;

-- name: shops
-- description: How many merchants something was raised of.
SELECT head_id, count(DISTINCT merchant_id) AS shops FROM incidents
WHERE head_id = ANY (:heads::uuid[]) AND merchant_id <> '' GROUP BY head_id;

-- name: money
-- description: How much money it is about, each transaction once.
SELECT i.head_id, t.currency, sum(t.amount)::bigint AS amount, count(*) AS many
FROM (SELECT DISTINCT head_id, merchant_id, transaction_id FROM incidents
      WHERE head_id = ANY (:heads::uuid[]) AND transaction_id IS NOT NULL) i
JOIN transactions t ON t.merchant_id = i.merchant_id AND t.id = i.transaction_id
GROUP BY i.head_id, t.currency ORDER BY i.head_id, sum(t.amount) DESC;
