-- Working keys of terminals, from the sign-in that hands them out to the message that proves them.

-- name: profile
-- description: What a terminal is registered with, and its state.
active, signed_in, batch, amount_limit, key_form, mac_algorithm, tls_identity, unbound_management,
kinds, wants, dialect;

-- name: hold
-- description: A terminal's profile, state and owner, held until the transaction ends.
SELECT {profile}, host, epoch
FROM terminals WHERE merchant_id = :merchant AND terminal_id = :terminal FOR UPDATE;

-- name: claim
-- description: Take a terminal from whoever served it; the rest of the transaction reads its keys.
-- Of a merchant that leaves this cell nobody serves any.
UPDATE terminals SET host = :node, epoch = epoch + 1
WHERE merchant_id = :merchant AND terminal_id = :terminal
  AND EXISTS (SELECT FROM merchants m WHERE m.merchant_id = :merchant AND m.lives = 'here')
RETURNING {profile}, host, epoch;

-- name: owner
-- description: Who serves a terminal.
SELECT host, epoch FROM terminals WHERE merchant_id = :merchant AND terminal_id = :terminal;

-- name: look
-- description: Terminals as they stand, for who does not serve them.
SELECT merchant_id, terminal_id, {profile}, host, epoch
FROM terminals JOIN unnest(:merchants::text[], :terminals::text[]) AS k (merchant_id, terminal_id)
USING (merchant_id, terminal_id);

-- name: look_at_keys
-- description: Their keys: in force, and handed out but not proven, of the form that they are to have.
SELECT k.merchant_id, k.terminal_id, false AS waiting, k.kind, k.algorithm, k.wrapped, k.check_value
FROM terminal_keys k
JOIN unnest(:merchants::text[], :terminals::text[]) AS n (merchant_id, terminal_id)
USING (merchant_id, terminal_id)
UNION ALL
SELECT p.merchant_id, p.terminal_id, true, p.kind, p.algorithm, p.wrapped, p.check_value
FROM pending_keys p
JOIN unnest(:merchants::text[], :terminals::text[]) AS n (merchant_id, terminal_id)
USING (merchant_id, terminal_id)
JOIN terminals t ON t.merchant_id = p.merchant_id AND t.terminal_id = p.terminal_id
 AND t.key_form = p.form;

-- name: keys
-- description: The keys in force, the master key among them.
SELECT kind, algorithm, wrapped, check_value FROM terminal_keys
WHERE merchant_id = :merchant AND terminal_id = :terminal;

-- name: pending
-- description: Keys that wait for their first use, of the form that the terminal is to have.
SELECT p.kind, p.algorithm, p.wrapped, p.check_value
FROM pending_keys p
JOIN terminals t ON t.merchant_id = p.merchant_id AND t.terminal_id = p.terminal_id
 AND t.key_form = p.form
WHERE p.merchant_id = :merchant AND p.terminal_id = :terminal;

-- name: drop_pending
-- description: Forget keys that wait.
DELETE FROM pending_keys WHERE merchant_id = :merchant AND terminal_id = :terminal;

-- name: put_pending
-- description: Keep one key until it is proven.
INSERT INTO pending_keys (merchant_id, terminal_id, kind, form, algorithm, wrapped, check_value,
                          issued_at)
VALUES (:merchant, :terminal, :kind, :form, :algorithm, :wrapped, :check_value, :now);

-- name: end_keys
-- description: End the working keys that are in force.
DELETE FROM terminal_keys
WHERE merchant_id = :merchant AND terminal_id = :terminal AND kind <> 'master';

-- name: take_up
-- description: Put the keys that wait in force.
INSERT INTO terminal_keys (merchant_id, terminal_id, kind, algorithm, wrapped, check_value,
                           issued_at)
SELECT merchant_id, terminal_id, kind, algorithm, wrapped, check_value, :now
FROM pending_keys WHERE merchant_id = :merchant AND terminal_id = :terminal;

-- name: sign_in
-- description: Keep that a terminal is signed in, and what it said of itself where it said it.
UPDATE terminals
SET signed_in = true, last_seen_at = :now,
    software = CASE WHEN :software = '' THEN software ELSE :software END,
    wants = CASE WHEN wants = 'sign_in' OR (wants = 'update' AND wanted_software = :software)
                 THEN '' ELSE wants END,
    operator = CASE WHEN :operator = '' THEN operator ELSE :operator END,
    information = CASE WHEN :serial = '' THEN information ELSE :serial END
WHERE merchant_id = :merchant AND terminal_id = :terminal
RETURNING wants;
