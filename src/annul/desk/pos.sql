-- name: merchants
-- description: Names of merchants.
SELECT merchant_id, name_zh, name_en FROM merchants WHERE merchant_id = ANY(:ids);

-- name: issuers
-- description: Names of issuers.
SELECT issuer_id, name_zh, name_en FROM issuers WHERE issuer_id = ANY(:ids) ORDER BY issuer_id;

-- name: announce
-- description: Let the acquirer know of a maintenance that has begun.
INSERT INTO policies (issuer_id, id, kind, valid_from, valid_until, note, set_by, set_at)
VALUES (:issuer, gen_random_uuid(), 'maintenance', :now::timestamptz - interval '1 second', :until,
        'announced beside the POS', :by, :now);

-- name: withdraw
-- description: End what was announced beside the POS for an issuer.
UPDATE policies SET valid_until = :now
WHERE issuer_id = :issuer AND kind = 'maintenance' AND note = 'announced beside the POS'
  AND valid_until > :now AND valid_from < :now;

-- name: announced
-- description: Until when maintenance is announced, by issuer.
SELECT issuer_id, max(valid_until) AS until FROM policies
WHERE kind = 'maintenance' AND valid_from <= :now AND valid_until > :now
GROUP BY issuer_id;

-- name: cases
-- description: Latest cases of a terminal with the vouchers of void and sale.
SELECT c.merchant_id, c.id, c.number, c.kind, c.amount, c.currency, c.card_masked, c.opened_at,
       c.due_at, c.first_due_at, c.next_action_at, c.step, c.tries, c.cause, c.probability,
       c.confirmed, c.task, c.proposed, c.ended, c.ended_at, v.batch, v.trace AS voucher,
       o.trace AS original
FROM cases c
LEFT JOIN transactions v ON v.merchant_id = c.merchant_id AND v.id = c.id
LEFT JOIN transactions o ON o.merchant_id = c.merchant_id AND o.id = c.original_id
WHERE c.merchant_id = :merchant AND c.terminal_id = :terminal AND c.opened_at >= :since
ORDER BY c.opened_at DESC LIMIT :limit;
