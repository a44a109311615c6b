-- Diagnoses that cases have kept, with their facts.

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
