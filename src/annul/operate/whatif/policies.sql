-- Answers of issuers to voids, as they were kept, and the rules that there were.

-- name: voids
-- description: What an issuer answered to voids, with all that its rules can be about, in their order.
SELECT id, merchant_id, at, amount, age_s, place, since_s, ok, code
FROM void_samples
WHERE issuer_id = :issuer AND at >= :since AND at < :until AND role <> 'refund'
ORDER BY at, id;

-- name: policies
-- description: Every rule of an issuer that there ever was.
SELECT kind, number, valid_from, valid_until, id::text AS id FROM policies WHERE issuer_id = :issuer;
