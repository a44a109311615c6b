-- Registering terminals.

-- name: merchant
-- description: Whether there is a merchant.
SELECT true FROM merchants WHERE merchant_id = :merchant;

-- name: register
-- description: Put a terminal in, or give one that is there another profile where that is wanted.
INSERT INTO terminals AS t (merchant_id, terminal_id, key_form, mac_algorithm, tls_identity,
                            unbound_management, dialect)
VALUES (:merchant, :terminal, :key_form, :mac, :tls_identity, :unbound_management,
        :dialect)
ON CONFLICT (merchant_id, terminal_id) DO UPDATE
SET key_form = excluded.key_form, mac_algorithm = excluded.mac_algorithm,
    tls_identity = excluded.tls_identity, unbound_management = excluded.unbound_management,
    dialect = excluded.dialect, signed_in = false
WHERE :replace
RETURNING t.terminal_id;

-- name: end_pending
-- description: Forget working keys that nobody has used.
DELETE FROM pending_keys WHERE merchant_id = :merchant AND terminal_id = :terminal;

-- name: end_keys
-- description: Forget every key of a terminal.
DELETE FROM terminal_keys WHERE merchant_id = :merchant AND terminal_id = :terminal;

-- name: key
-- description: Put a terminal's master key in.
INSERT INTO terminal_keys (merchant_id, terminal_id, kind, algorithm, wrapped, check_value,
                           issued_at)
VALUES (:merchant, :terminal, :kind, :algorithm, :wrapped, :check_value, now());

-- name: changed
-- description: Let every running host read reference data anew.
UPDATE reference SET version = version + 1;
