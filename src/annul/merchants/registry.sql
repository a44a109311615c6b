-- name: merchants
-- description: Every merchant.
SELECT merchant_id, name_zh, name_en, category, active, currency, pricing, amount_limit,
       void_needs_balance, refund_days, pending_covers, retry_voids, refund_instead_limit,
       second_person_from
FROM merchants;

-- name: terminals
-- description: Every terminal.
SELECT merchant_id, terminal_id, active, signed_in, batch, amount_limit, mac_algorithm, kinds, wants
FROM terminals;

-- name: keys
-- description: Every key of a terminal.
SELECT merchant_id, terminal_id, kind, algorithm, wrapped, check_value FROM terminal_keys;

-- name: fee_rates
-- description: Every fee rate.
SELECT pricing, card_type, party, valid_from, rate_ppm, cap FROM fee_rates;

-- name: sign_in
-- description: Keep that a terminal is signed in, and what it said of itself.
UPDATE terminals
SET signed_in = true, software = $7,
    wants = CASE WHEN wants = 'sign_in' OR (wants = 'update' AND wanted_software = $7) THEN ''
                 ELSE wants END, operator = $3, mac_algorithm = $6, last_seen_at = $5,
    information = CASE WHEN $4 = '' THEN information ELSE $4 END
WHERE merchant_id = $1 AND terminal_id = $2
RETURNING wants;

-- name: want
-- description: Ask something of a terminal with the next answer.
UPDATE terminals SET wants = $3 WHERE merchant_id = $1 AND terminal_id = $2;

-- name: put_key
-- description: Keep a terminal's key of one kind in place of the one before.
INSERT INTO terminal_keys (merchant_id, terminal_id, kind, algorithm, wrapped, check_value,
                           issued_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (merchant_id, terminal_id, kind) DO UPDATE
SET algorithm = excluded.algorithm, wrapped = excluded.wrapped,
    check_value = excluded.check_value, issued_at = excluded.issued_at;

-- name: sign_off
-- description: Keep that a terminal is signed off.
UPDATE terminals SET signed_in = false, last_seen_at = $3
WHERE merchant_id = $1 AND terminal_id = $2;

-- name: note_information
-- description: Keep what a terminal said of its state.
UPDATE terminals SET information = $3, last_seen_at = $4
WHERE merchant_id = $1 AND terminal_id = $2;

-- name: next_batch
-- description: Begin the next batch, if the terminal is still in this one.
UPDATE terminals SET batch = $4 WHERE merchant_id = $1 AND terminal_id = $2 AND batch = $3
RETURNING batch;
