-- Questions of the sweep about chargebacks: what is held for them, of what, and their histories.

-- name: chargeback_money
-- description: Money held for chargebacks that is not what those come to that hold it, by merchant and currency.
WITH held AS (
    SELECT merchant_id, currency, held + fee AS live, 0 AS holding FROM chargebacks WHERE money = 'held'
    UNION ALL
    SELECT merchant_id, currency, 0, CASE 'chargeback' WHEN credit THEN amount ELSE -amount END
    FROM entries
    WHERE kind IN ('chargeback_hold', 'chargeback_return', 'chargeback_end')
      AND 'chargeback' IN (debit, credit)
)
SELECT merchant_id, NULL::uuid AS id, currency AS reference,
       jsonb_build_object('currency', currency, 'live', sum(live), 'holding', sum(holding)) AS facts
FROM held
GROUP BY merchant_id, currency
HAVING sum(live) <> sum(holding)
LIMIT :limit;

-- name: charged_back
-- description: A transaction of which not so much is set aside as its chargebacks hold or have taken.
WITH claims AS (
    SELECT merchant_id, transaction_id, sum(held) AS claims FROM chargebacks
    WHERE money IN ('held', 'paid') GROUP BY merchant_id, transaction_id
)
SELECT t.merchant_id, t.id, t.rrn AS reference,
       jsonb_build_object('state', t.state, 'amount', t.amount, 'currency', t.currency,
                          'charged_back', t.charged_back, 'claims', coalesce(c.claims, 0)) AS facts
FROM transactions t
LEFT JOIN claims c ON c.merchant_id = t.merchant_id AND c.transaction_id = t.id
WHERE t.charged_back <> coalesce(c.claims, 0)
LIMIT :limit;

-- name: chargeback_chain
-- description: Chargebacks whose history does not follow from hash to hash, or does not end as they have kept.
WITH links AS (
    SELECT merchant_id, chargeback_id, line, hash,
           sha256(coalesce(lag(hash) OVER each_one, '') || convert_to(body, 'UTF8')) AS right_hash,
           row_number() OVER each_one AS number
    FROM chargeback_events
    WINDOW each_one AS (PARTITION BY merchant_id, chargeback_id ORDER BY line)
), broken AS (
    SELECT merchant_id, chargeback_id, min(line) AS line FROM links
    WHERE hash <> right_hash OR line <> number GROUP BY merchant_id, chargeback_id
    UNION ALL
    SELECT c.merchant_id, c.id, c.events FROM chargebacks c
    WHERE NOT EXISTS (SELECT FROM links l
                      WHERE l.merchant_id = c.merchant_id AND l.chargeback_id = c.id
                        AND l.line = c.events AND l.hash = c.head)
       OR EXISTS (SELECT FROM links l
                  WHERE l.merchant_id = c.merchant_id AND l.chargeback_id = c.id AND l.line > c.events)
)
SELECT b.merchant_id, NULL::uuid AS id, c.number AS reference, jsonb_build_object('line', min(b.line)) AS facts
FROM broken b JOIN chargebacks c ON c.merchant_id = b.merchant_id AND c.id = b.chargeback_id
GROUP BY b.merchant_id, b.chargeback_id, c.number
LIMIT :limit;
