-- Issuers that are to be asked with a void that waits.

-- name: wanted
-- description: Cases that are to ask their issuer now.
SELECT case_id FROM issuer_probes WHERE how = :how AND outcome = '' AND asked_at >= :since;

-- name: ended
-- description: Write what came of it, once; what did not even leave is no silence.
UPDATE issuer_probes p
SET outcome = o.outcome, unanswered = p.unanswered + (o.outcome = :silent)::integer,
    took_ms = greatest(0, extract(epoch FROM :now::timestamptz - p.asked_at) * 1000)::integer
FROM (SELECT CASE WHEN :outcome::text = :silent::text AND EXISTS (
                 SELECT FROM transactions t
                 WHERE t.merchant_id = :merchant AND t.id = :attempt AND t.sent = 'not_sent')
             THEN :not_sent::text ELSE :outcome::text END AS outcome) o
WHERE p.case_id = :case AND p.how = :how AND p.outcome = '';
