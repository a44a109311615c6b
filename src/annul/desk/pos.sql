-- name: merchants
-- description: Names of merchants.
SELECT merchant_id, name_zh, name_en FROM merchants WHERE merchant_id = ANY($1);

-- name: issuers
-- description: Names of issuers.
SELECT issuer_id, name_zh, name_en FROM issuers WHERE issuer_id = ANY($1) ORDER BY issuer_id;

-- name: announce
-- description: Let the acquirer know of a maintenance: $1 issuer, $2 now, $3 until, $4 by whom.
INSERT INTO policies (issuer_id, id, kind, valid_from, valid_until, note, set_by, set_at)
VALUES ($1, gen_random_uuid(), 'maintenance', $2::timestamptz - interval '1 second', $3,
        'announced beside the POS', $4, $2);

-- name: withdraw
-- description: End what was announced beside the POS for an issuer ($1) at $2.
UPDATE policies SET valid_until = $2
WHERE issuer_id = $1 AND kind = 'maintenance' AND note = 'announced beside the POS'
  AND valid_until > $2 AND valid_from < $2;

-- name: announced
-- description: Until when maintenance is announced at $1, by issuer.
SELECT issuer_id, max(valid_until) AS until FROM policies
WHERE kind = 'maintenance' AND valid_from <= $1 AND valid_until > $1
GROUP BY issuer_id;

-- name: cases
-- description: Latest cases of a terminal with the vouchers of void and sale: $1 merchant, $2 terminal, $3 how many, $4 since.
SELECT c.merchant_id, c.id, c.number, c.kind, c.amount, c.currency, c.card_masked, c.opened_at,
       c.due_at, c.first_due_at, c.next_action_at, c.step, c.tries, c.cause, c.probability, c.confirmed, c.task,
       c.proposed, c.ended, c.ended_at, v.batch, v.trace AS voucher, o.trace AS original
FROM cases c
LEFT JOIN transactions v ON v.merchant_id = c.merchant_id AND v.id = c.id
LEFT JOIN transactions o ON o.merchant_id = c.merchant_id AND o.id = c.original_id
WHERE c.merchant_id = $1 AND c.terminal_id = $2 AND c.opened_at >= $4
ORDER BY c.opened_at DESC LIMIT $3;
