-- Keys of issuers: what stands in force, what came in a message, what is over.

-- name: hold
-- description: An issuer, held until the transaction ends, so that two keys come one after the other.
SELECT issuer_id FROM issuers WHERE issuer_id = :issuer FOR UPDATE;

-- name: keys
-- description: Of every issuer and kind the key in force, the one that waits, and the one before.
SELECT DISTINCT ON (issuer_id, kind, ended_at IS NULL, in_force_since IS NULL)
       issuer_id, id, kind, algorithm, wrapped, check_value, in_force_since,
       proved_at, ended_at
FROM issuer_keys WHERE ended_at IS NULL OR (in_force_since IS NOT NULL AND wrapped <> '')
ORDER BY issuer_id, kind, ended_at IS NULL, in_force_since IS NULL, in_force_since DESC, id DESC;

-- name: known
-- description: A key that came before, by its check value.
SELECT id, kind, in_force_since, ended_at FROM issuer_keys
WHERE issuer_id = :issuer AND check_value = :check_value;

-- name: drop_waiting
-- description: End a key that waits, since another one has come.
UPDATE issuer_keys SET ended_at = :now
WHERE issuer_id = :issuer AND kind = :kind AND in_force_since IS NULL AND ended_at IS NULL;

-- name: put
-- description: Keep a key that came; it is in force since `since`, or waits.
INSERT INTO issuer_keys (id, issuer_id, kind, algorithm, wrapped, check_value, received_at,
                         in_force_since)
VALUES (:id, :issuer, :kind, :algorithm, :wrapped, :check_value, :now, :since);

-- name: end_in_force
-- description: End the key in force, as another one takes its place.
UPDATE issuer_keys SET ended_at = :now
WHERE issuer_id = :issuer AND kind = :kind AND in_force_since IS NOT NULL AND ended_at IS NULL;

-- name: forget
-- description: Keep no key that ended before the last one did: its check value is enough for replays.
UPDATE issuer_keys SET wrapped = ''
WHERE issuer_id = :issuer AND kind = :kind AND ended_at < :now AND wrapped <> '';

-- name: waits
-- description: The kind of a key that waits still.
SELECT kind FROM issuer_keys WHERE id = :id AND in_force_since IS NULL AND ended_at IS NULL;

-- name: take_up
-- description: Put a key in force that waits.
UPDATE issuer_keys SET in_force_since = :now
WHERE id = :id AND in_force_since IS NULL AND ended_at IS NULL;

-- name: prove
-- description: Keep that a message of the issuer held under a key.
UPDATE issuer_keys SET proved_at = :now WHERE id = :id AND proved_at IS NULL;

-- name: wanted
-- description: Take what somebody asked for, once: new keys of those issuers that can be reached.
UPDATE issuers SET keys_wanted = false WHERE keys_wanted AND issuer_id = ANY(:issuers::text[])
RETURNING issuer_id;

-- name: changed
-- description: Let every process read reference data anew.
UPDATE reference SET version = version + 1;
