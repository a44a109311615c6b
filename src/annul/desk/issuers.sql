-- name: find
-- description: One issuer.
SELECT issuer_id, name_zh, name_en, host, port, dialect, framing, timeout_ms, silent_code, active,
       bank, mac_algorithm, pin_format, key_exchange, keys_wanted
FROM issuers WHERE issuer_id = :issuer;

-- name: burdens
-- description: Open cases of each issuer, of one merchant, or of all for an empty one.
SELECT issuer_id, count(*)::integer AS cases FROM cases
WHERE ended = '' AND issuer_id <> '' AND (:merchant = '' OR merchant_id = :merchant)
GROUP BY issuer_id;

-- name: windows
-- description: Windows of every issuer that are open now, or open later until a moment.
SELECT issuer_id, kind, valid_from, valid_until FROM policies
WHERE kind IN ('maintenance', 'end_of_day') AND valid_from < :until
  AND (valid_until IS NULL OR valid_until > :now)
ORDER BY valid_from;

-- name: incidents
-- description: Open incidents about an issuer, the latest first.
SELECT kind, opened_at FROM incidents
WHERE closed_at IS NULL AND params ->> 'issuer' = :issuer AND opened_at >= :since
ORDER BY opened_at DESC LIMIT :limit;

-- name: links
-- description: How each host process sees its line to an issuer.
SELECT node, up, trouble, health, odd, at FROM issuer_links WHERE issuer_id = :issuer ORDER BY node;

-- name: policies
-- description: Every rule of an issuer that was ever set, the one that begins last first.
SELECT id, kind, number, valid_from, valid_until, note, set_by, set_at FROM policies
WHERE issuer_id = :issuer ORDER BY valid_from DESC, set_at DESC, id;

-- name: add_policy
-- description: Add a rule of an issuer; those before it stay as they are.
INSERT INTO policies (issuer_id, id, kind, number, valid_from, valid_until, note, set_by, set_at)
VALUES (:issuer, :id, :kind, :number, :valid_from, :valid_until, :note, :set_by, :set_at);

-- name: end_policy
-- description: Let a rule end by a moment, unless it has; one that has not begun never begins.
UPDATE policies p
SET valid_until = greatest(:until::timestamptz, p.valid_from + interval '1 microsecond')
FROM (SELECT id, valid_until FROM policies WHERE issuer_id = :issuer AND id = :id FOR UPDATE) o
WHERE p.issuer_id = :issuer AND p.id = o.id
  AND (p.valid_until IS NULL
       OR (p.valid_until > greatest(:until::timestamptz, :now::timestamptz)
           AND p.valid_until > p.valid_from + interval '1 microsecond'))
  AND (:until::timestamptz > p.valid_from OR p.valid_from > :now::timestamptz)
RETURNING p.kind, p.number, p.valid_from, p.valid_until, o.valid_until AS planned;

-- name: meanings
-- description: What an issuer means by its codes.
SELECT response_code, cause FROM code_meanings WHERE issuer_id = :issuer ORDER BY response_code;

-- name: meaning
-- description: What an issuer means by one code.
SELECT cause FROM code_meanings WHERE issuer_id = :issuer AND response_code = :code FOR UPDATE;

-- name: set_meaning
-- description: Keep what an issuer means by a code.
INSERT INTO code_meanings (issuer_id, response_code, cause) VALUES (:issuer, :code, :cause)
ON CONFLICT (issuer_id, response_code) DO UPDATE SET cause = excluded.cause;

-- name: end_meaning
-- description: Go by the standard again for a code.
DELETE FROM code_meanings WHERE issuer_id = :issuer AND response_code = :code RETURNING cause;

-- name: routes
-- description: Rows of the routing table that lead to an issuer, as the first way or as the backup.
SELECT prefix, issuer_id, backup_issuer_id, card_type FROM bins
WHERE issuer_id = :issuer OR backup_issuer_id = :issuer ORDER BY prefix;

-- name: contacts
-- description: Whom to call at an issuer.
SELECT id, duty, name, phone, mail, hours FROM contacts
WHERE issuer_id = :issuer ORDER BY duty, name;

-- name: contact
-- description: One contact of an issuer.
SELECT duty, name, phone, mail, hours FROM contacts
WHERE issuer_id = :issuer AND id = :id FOR UPDATE;

-- name: put_contact
-- description: Keep a contact, in place of the one with the same id.
INSERT INTO contacts (id, issuer_id, duty, name, phone, mail, hours)
VALUES (:id, :issuer, :duty, :name, :phone, :mail, :hours)
ON CONFLICT (id) DO UPDATE SET duty = excluded.duty, name = excluded.name, phone = excluded.phone,
    mail = excluded.mail, hours = excluded.hours
WHERE contacts.issuer_id = :issuer;

-- name: end_contact
-- description: Remove a contact.
DELETE FROM contacts WHERE issuer_id = :issuer AND id = :id
RETURNING duty, name, phone, mail, hours;

-- name: probe
-- description: What annul asked an issuer by itself the last time.
SELECT asked_at, why, how, outcome, took_ms, asked, unanswered
FROM issuer_probes WHERE issuer_id = :issuer;
