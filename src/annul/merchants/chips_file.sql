-- What terminals are loaded with for chips, as an operator's file has it.

-- name: key
-- description: Put a public key in, in place of one of the same name.
INSERT INTO ca_public_keys (rid, key_index, expires, tlv, active)
VALUES (:rid, :key_index, :expires, :tlv, :active)
ON CONFLICT (rid, key_index) DO UPDATE
SET expires = excluded.expires, tlv = excluded.tlv, active = excluded.active;

-- name: aid
-- description: Put what belongs to an application in, in place of what was there.
INSERT INTO aid_parameters (aid, tlv, active) VALUES (:aid, :tlv, :active)
ON CONFLICT (aid) DO UPDATE SET tlv = excluded.tlv, active = excluded.active;

-- name: changed
-- description: Let every running host read reference data anew.
UPDATE reference SET version = version + 1;
