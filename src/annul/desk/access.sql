-- name: count
-- description: How many users there are.
SELECT count(*) FROM users;

-- name: add_first
-- description: Add the first user with a one-time password unless the name is taken.
INSERT INTO users (name, password_hash, role, one_time, created_at)
VALUES (:name, :password_hash, 'administrator', true, now())
ON CONFLICT DO NOTHING
RETURNING name;

-- name: hashes
-- description: The password of a user and those before it.
SELECT ARRAY[password_hash] || past_hashes FROM users WHERE name = :name;

-- name: change
-- description: Replace a password; it is no longer a one-time password, sessions and locks end.
WITH ended AS (DELETE FROM sessions WHERE name = :name),
     forgiven AS (UPDATE sign_in_tries SET failures = 0, locked_until = NULL WHERE name = :name
                  RETURNING name)
UPDATE users
SET password_hash = :password_hash, past_hashes = (ARRAY[password_hash] || past_hashes)[1:(:past)::int],
    one_time = false, failures = 0, locked_until = NULL
FROM (SELECT count(*) FROM forgiven) before -- which locks those rows first, as a try does
WHERE users.name = :name;

-- name: person
-- description: What a user may do, whoever has let them in.
SELECT name, role, merchant_id, one_time, language, factor_secret IS NOT NULL AS has_factor,
       false AS awaits_code
FROM users WHERE name = :name AND active;

-- name: add
-- description: Add a user.
INSERT INTO users (name, password_hash, role, one_time, merchant_id, created_at, made_by)
VALUES (:name, :password_hash, :role, :one_time, :merchant, now(), :by)
ON CONFLICT DO NOTHING
RETURNING name;

-- name: set_active
-- description: Let a user in or not; sessions end. Of who left long ago only the name is kept.
WITH ended AS (DELETE FROM sessions WHERE name = :name)
UPDATE users SET active = :active, left_at = CASE WHEN :active THEN NULL ELSE :now::timestamptz END
WHERE name = :name AND (password_hash <> '' OR NOT :active) RETURNING name;

-- name: set_role
-- description: Give a user another role.
UPDATE users SET role = :role, merchant_id = :merchant WHERE name = :name;

-- name: speak
-- description: Keep a user's language.
UPDATE users SET language = :language WHERE name = :name;

-- name: users
-- description: Everybody.
SELECT name, role, merchant_id, active, one_time, locked_until, factor_since, signed_in_at, made_by,
       created_at
FROM users ORDER BY name;

-- name: open
-- description: Open a session.
INSERT INTO sessions (token_hash, name, csrf, created_at, seen_at, ends_at, address, browser,
                      awaits_code)
VALUES (:hash, :name, :csrf, :now, :now, :ends_at, :address, :browser, :awaits_code);

-- name: close
-- description: End a session.
DELETE FROM sessions WHERE token_hash = :hash;

-- name: open_still
-- description: Of a session `s` and its user `u`, whether it is still open.
s.ends_at > :now AND u.active
  AND (s.seen_at > :now::timestamptz - :idle::interval OR u.role <> ALL (:idling::text[]));

-- name: session
-- description: Whose session this is, if it is still open.
SELECT u.name, u.role, u.merchant_id, u.one_time, u.language, s.csrf, s.awaits_code,
       u.factor_secret IS NOT NULL AS has_factor
FROM sessions s JOIN users u USING (name)
WHERE s.token_hash = :hash AND {open_still};

-- name: sessions
-- description: A user's open sessions, without what lets a browser in.
SELECT encode(s.token_hash, 'hex') AS id, s.created_at, s.seen_at, s.address, s.browser
FROM sessions s JOIN users u USING (name)
WHERE s.name = :name AND NOT s.awaits_code AND {open_still}
ORDER BY s.seen_at DESC, s.created_at DESC;

-- name: end_session
-- description: End one session of a user.
DELETE FROM sessions WHERE name = :name AND encode(token_hash, 'hex') = :id RETURNING name;

-- name: end_sessions
-- description: End a user's sessions except one.
DELETE FROM sessions WHERE name = :name AND token_hash <> :spared RETURNING name;

-- name: seen
-- description: Note that somebody has acted.
UPDATE sessions SET seen_at = :now WHERE token_hash = :hash;

-- name: new_key
-- description: Keep a key of a program.
INSERT INTO api_keys (id, key_hash, prefix, name, scopes, merchant_id, created_by, created_at, ends_at,
                      addresses)
VALUES (:id, :hash, :prefix, :name, :scopes, :merchant, :by, :now, :ends_at,
        (:addresses::text[])::cidr[]);

-- name: end_key
-- description: End a key.
UPDATE api_keys SET ended_at = :now WHERE id = :id AND ended_at IS NULL RETURNING id;

-- name: keys
-- description: All keys.
SELECT id, prefix, name, scopes, merchant_id, created_by, created_at, ended_at, ends_at,
       addresses::text[] AS addresses
FROM api_keys ORDER BY created_at DESC;

-- name: key
-- description: Which program this key belongs to, if it is in force where it is shown.
SELECT prefix, scopes, merchant_id FROM api_keys
WHERE key_hash = :hash AND (ended_at IS NULL OR ended_at > :now) AND ends_at > :now
  AND (addresses = '{}' OR (:address::text)::inet <<= ANY (addresses));
