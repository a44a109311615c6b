-- name: version
-- description: How often reference data were changed.
SELECT version FROM reference;

-- name: merchants
-- description: Every merchant.
SELECT merchant_id, name_zh, name_en, category, active, currency, pricing, amount_limit,
       void_needs_balance, refund_days, pending_covers, retry_voids, refund_instead_limit,
       second_person_from, reversed_voids, lives, cell
FROM merchants;

-- name: cut_overs
-- description: When business days end by any merchant's contract, of each the latest first.
SELECT merchant_id, valid_from, cut_over FROM cut_overs ORDER BY merchant_id, valid_from DESC;

-- name: terminals
-- description: Every terminal.
SELECT merchant_id, terminal_id, active, signed_in, batch, amount_limit, key_form, mac_algorithm,
       tls_identity, unbound_management, kinds, wants, dialect, host, epoch
FROM terminals;

-- name: keys
-- description: Every key of a terminal.
SELECT merchant_id, terminal_id, kind, algorithm, wrapped, check_value FROM terminal_keys;

-- name: pending_keys
-- description: Every key that waits for its first use, of the form that its terminal is to have.
SELECT p.merchant_id, p.terminal_id, p.kind, p.algorithm, p.wrapped, p.check_value
FROM pending_keys p
JOIN terminals t ON t.merchant_id = p.merchant_id AND t.terminal_id = p.terminal_id
 AND t.key_form = p.form;

-- name: fee_rates
-- description: Every fee rate.
SELECT pricing, card_type, party, valid_from, rate_ppm, cap FROM fee_rates;

-- name: ca_public_keys
-- description: Public keys that terminals may download.
SELECT rid, key_index, expires, tlv FROM ca_public_keys WHERE active ORDER BY rid, key_index;

-- name: aid_parameters
-- description: What terminals may download of applications.
SELECT aid, tlv FROM aid_parameters WHERE active ORDER BY aid;

-- name: wanted
-- description: What is asked of terminals with their next answer.
SELECT merchant_id, terminal_id, wants FROM terminals WHERE wants <> '';

-- name: want
-- description: Ask something of a terminal with the next answer.
UPDATE terminals SET wants = :wants WHERE merchant_id = :merchant AND terminal_id = :terminal;

-- name: sign_off
-- description: Keep that a terminal is signed off.
UPDATE terminals SET signed_in = false, last_seen_at = :now
WHERE merchant_id = :merchant AND terminal_id = :terminal;

-- name: note_information
-- description: Keep what a terminal said of its state.
UPDATE terminals SET information = :information, last_seen_at = :now
WHERE merchant_id = :merchant AND terminal_id = :terminal;
