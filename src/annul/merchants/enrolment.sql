-- Registering terminals.

-- name: merchant
-- description: Whether there is a merchant.
SELECT true FROM merchants WHERE merchant_id = $1;

-- name: register
-- description: Put a terminal in, or with $7 give one that is there another profile.
INSERT INTO terminals AS t (merchant_id, terminal_id, key_form, mac_algorithm, tls_identity,
                            unbound_management)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (merchant_id, terminal_id) DO UPDATE
SET key_form = excluded.key_form, mac_algorithm = excluded.mac_algorithm,
    tls_identity = excluded.tls_identity, unbound_management = excluded.unbound_management,
    signed_in = false
WHERE $7
RETURNING t.terminal_id;

-- name: end_pending
-- description: Forget working keys that nobody has used.
DELETE FROM pending_keys WHERE merchant_id = $1 AND terminal_id = $2;

-- name: end_keys
-- description: Forget every key of a terminal.
DELETE FROM terminal_keys WHERE merchant_id = $1 AND terminal_id = $2;

-- name: key
-- description: Put a terminal's master key in.
INSERT INTO terminal_keys (merchant_id, terminal_id, kind, algorithm, wrapped, check_value,
                           issued_at)
VALUES ($1, $2, 'master', $3, $4, $5, now());

-- name: changed
-- description: Let every running host read reference data anew.
UPDATE reference SET version = version + 1;
