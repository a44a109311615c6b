-- What a change is tried on: answers of issuers as they were kept, and diagnoses with their facts.

-- name: voids
-- description: What an issuer answered to voids, with all that its rules can be about, in their order.
SELECT id, merchant_id, at, amount, age_s, place, since_s, ok, code
FROM void_samples
WHERE issuer_id = :issuer AND at >= :since AND at < :until AND role <> 'refund'
ORDER BY at, id;

-- name: policies
-- description: Every rule of an issuer that there ever was.
SELECT kind, number, valid_from, valid_until, id::text AS id FROM policies WHERE issuer_id = :issuer;

-- name: diagnosed
-- description: The latest diagnosis of each case that was opened in a time, with its facts.
SELECT c.id, c.merchant_id, c.number, c.confirmed, e.body
FROM cases c
JOIN LATERAL (
    SELECT body FROM case_events e
    WHERE e.case_id = c.id AND e.merchant_id = c.merchant_id AND e.body LIKE '%"what":"diagnosed"%'
    ORDER BY line DESC LIMIT 1) e ON true
WHERE c.opened_at >= :since AND c.opened_at < :until
ORDER BY c.opened_at, c.id;
