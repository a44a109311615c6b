-- name: keys
-- description: Keys of an issuer that are not over: what for, of which cipher, since when, whether proved.
SELECT kind, algorithm, check_value, received_at, in_force_since, proved_at FROM issuer_keys
WHERE issuer_id = :issuer AND ended_at IS NULL ORDER BY kind, in_force_since;

-- name: agreed
-- description: Which keys of an issuer were agreed before there were messages about keys.
SELECT mac_key IS NOT NULL AS mac, pin_key IS NOT NULL AS pin FROM issuers WHERE issuer_id = :issuer;

-- name: hold
-- description: How an issuer makes MACs, takes PINs and changes keys, held until the transaction ends.
SELECT {columns}, keys_wanted FROM issuers i WHERE issuer_id = :issuer FOR UPDATE;

-- name: want
-- description: Let a host ask an issuer for new keys.
UPDATE issuers SET keys_wanted = true WHERE issuer_id = :issuer;

-- name: profile
-- description: Say how an issuer makes MACs, takes PINs and changes keys.
UPDATE issuers
SET mac_algorithm = :mac_algorithm, mac_key_algorithm = :mac_key_algorithm,
    pin_format = :pin_format, pin_key_algorithm = :pin_key_algorithm,
    key_exchange = :key_exchange, keys_at_sign_on = :keys_at_sign_on,
    mac_key = CASE WHEN mac_key_algorithm = :mac_key_algorithm THEN mac_key END,
    pin_key = CASE WHEN pin_key_algorithm = :pin_key_algorithm THEN pin_key END
WHERE issuer_id = :issuer;

-- name: changed
-- description: Let every process read reference data anew.
UPDATE reference SET version = version + 1;
