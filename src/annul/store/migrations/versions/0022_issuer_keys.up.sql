-- How an issuer makes its MACs and takes its PINs, and keys that are changed while it serves.
ALTER TABLE issuers
    ADD COLUMN mac_algorithm     text NOT NULL DEFAULT 'x9_19',
    ADD COLUMN mac_key_algorithm text NOT NULL DEFAULT '3des',
    ADD COLUMN pin_format        text NOT NULL DEFAULT '0',    -- of ISO 9564-1
    ADD COLUMN pin_key_algorithm text NOT NULL DEFAULT '3des',
    ADD COLUMN key_exchange      text NOT NULL DEFAULT '',     -- empty: it sends no key messages
    ADD COLUMN keys_at_sign_on   boolean NOT NULL DEFAULT false,  -- new ones are asked for then
    ADD COLUMN keys_wanted       boolean NOT NULL DEFAULT false;  -- somebody asked for new ones
-- What can be equalised without the key (UnionPay ECB and its SM4 kind) proves nothing of an issuer.
ALTER TABLE issuers ADD CONSTRAINT issuers_mac_goes_with_its_key
    CHECK ((mac_algorithm, mac_key_algorithm) IN (
        ('x9_9', 'des'), ('x9_9', '3des'), ('x9_19', 'des'), ('x9_19', '3des'),
        ('sm4_cmac', 'sm4'), ('aes_cmac', 'aes')));
ALTER TABLE issuers ADD CONSTRAINT issuers_pin_goes_with_its_key
    CHECK ((pin_format, pin_key_algorithm) IN (
        ('0', 'des'), ('0', '3des'), ('0', 'sm4'), ('1', 'des'), ('1', '3des'),
        ('3', 'des'), ('3', '3des'), ('4', 'aes')));
ALTER TABLE issuers ADD CONSTRAINT issuers_key_exchange
    CHECK (key_exchange IN ('', 'field_48', 'field_48_96', 'field_120'));

-- Keys of an issuer that were loaded by people or came in its key messages. One that came waits until
-- the answer has left. `pin_key` and `mac_key` of `issuers` are what was agreed before the first.
CREATE TABLE issuer_keys (
    id             uuid PRIMARY KEY,
    issuer_id      text NOT NULL REFERENCES issuers,
    kind           text NOT NULL CONSTRAINT issuer_keys_kind CHECK (kind IN ('zone', 'mac', 'pin')),
    algorithm      text NOT NULL
        CONSTRAINT issuer_keys_algorithm CHECK (algorithm IN ('des', '3des', 'sm4', 'aes')),
    wrapped        bytea NOT NULL,                 -- empty once it is not needed any more
    check_value    bytea NOT NULL CONSTRAINT issuer_keys_check_value CHECK (length(check_value) = 4),
    received_at    timestamptz NOT NULL,
    in_force_since timestamptz,                    -- null: its answer has not left
    proved_at      timestamptz,                    -- a message of the issuer held under it
    ended_at       timestamptz,
    CONSTRAINT issuer_keys_zone_by_hand CHECK (kind <> 'zone' OR in_force_since IS NOT NULL)
);
CREATE UNIQUE INDEX issuer_keys_in_force ON issuer_keys (issuer_id, kind)
    WHERE in_force_since IS NOT NULL AND ended_at IS NULL;
CREATE UNIQUE INDEX issuer_keys_waiting ON issuer_keys (issuer_id, kind)
    WHERE in_force_since IS NULL AND ended_at IS NULL;
-- A key serves one purpose, once: a message that brings an old one is a replay.
CREATE UNIQUE INDEX issuer_keys_once ON issuer_keys (issuer_id, check_value);
