-- What a playbook can do, beside what is in force for a time.

-- name: announce
-- description: Set a window of an issuer, once under its id.
INSERT INTO policies (issuer_id, id, kind, number, valid_from, valid_until, note, set_by, set_at)
VALUES (:issuer, :id, 'maintenance', 0, :now, :until, :note, :who, :now)
ON CONFLICT DO NOTHING;

-- name: end_window
-- description: Let a window end now.
UPDATE policies SET valid_until = greatest(:now, valid_from + interval '1 microsecond')
WHERE issuer_id = :issuer AND id = :id AND valid_until > :now
RETURNING id;

-- name: out_of_step
-- description: Ask terminals whose messages had a wrong MAC to sign in with their next contact; of one shop, one terminal, or all.
UPDATE terminals t SET wants = 'sign_in'
WHERE t.active AND t.wants = '' AND (:merchant = '' OR t.merchant_id = :merchant)
  AND (:terminal = '' OR t.terminal_id = :terminal)
  AND (:terminal <> '' OR (t.merchant_id, t.terminal_id) IN (
      SELECT s.merchant_id, s.terminal_id FROM terminal_stats s WHERE s.minute >= :since
      GROUP BY 1, 2 HAVING sum(s.wrong_mac) >= :least))
RETURNING t.merchant_id, t.terminal_id;

-- name: ask
-- description: Ask terminals of a shop, or one of them, for something with their next contact.
UPDATE terminals SET wants = :wants
WHERE active AND wants = '' AND merchant_id = :merchant AND (:terminal = '' OR terminal_id = :terminal)
RETURNING merchant_id, terminal_id;

-- name: update_software
-- description: Let terminals with one software update to another one; gives what they were to have before.
WITH wrong AS (
    SELECT merchant_id, terminal_id, wanted_software FROM terminals
    WHERE active AND software = :wrong AND wanted_software <> :right
    ORDER BY merchant_id, terminal_id FOR UPDATE)
UPDATE terminals t SET wanted_software = :right, wants = 'update'
FROM wrong w WHERE t.merchant_id = w.merchant_id AND t.terminal_id = w.terminal_id
RETURNING t.merchant_id, t.terminal_id, w.wanted_software AS before;

-- name: take_back
-- description: Take back what terminals were asked for, as far as they have not done it.
UPDATE terminals SET wants = ''
WHERE wants = :wants AND (merchant_id, terminal_id) IN (
    SELECT * FROM unnest(:merchants::text[], :terminals::text[]));

-- name: software_back
-- description: Let terminals have the software again that they were to have before.
UPDATE terminals t SET wanted_software = b.before, wants = CASE WHEN wants = 'update' THEN '' ELSE wants END
FROM unnest(:merchants::text[], :terminals::text[], :befores::text[]) AS b (merchant_id, terminal_id, before)
WHERE t.merchant_id = b.merchant_id AND t.terminal_id = b.terminal_id AND t.wanted_software = :right;

-- name: changed
-- description: Let running hosts read merchants and terminals anew.
UPDATE reference SET version = version + 1;
