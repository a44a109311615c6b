-- name: count
-- description: How many users there are.
SELECT count(*) FROM users;

-- name: add_first
-- description: Add the first user with a one-time password unless the name is taken.
INSERT INTO users (name, password_hash, role, one_time, created_at)
VALUES (:name, :password_hash, 'administrator', true, now())
ON CONFLICT DO NOTHING
RETURNING name;

-- name: find
-- description: What the check of a password needs; only who may come in.
SELECT password_hash, one_time, failures, locked_until FROM users WHERE name = :name AND active;

-- name: failed
-- description: Count a wrong password, and lock the name until a moment, if one is given.
UPDATE users SET failures = failures + 1, locked_until = coalesce(:until, locked_until)
WHERE name = :name;

-- name: succeeded
-- description: Forget wrong passwords.
UPDATE users SET failures = 0, locked_until = NULL WHERE name = :name;

-- name: change
-- description: Replace a password; it is no longer a one-time password, and sessions end.
WITH ended AS (DELETE FROM sessions WHERE name = :name)
UPDATE users SET password_hash = :password_hash, one_time = false, failures = 0, locked_until = NULL
WHERE name = :name;

-- name: person
-- description: What a user may do, whoever has checked the password.
SELECT name, role, merchant_id, one_time, language FROM users WHERE name = :name AND active;

-- name: add
-- description: Add a user.
INSERT INTO users (name, password_hash, role, one_time, merchant_id, created_at)
VALUES (:name, :password_hash, :role, :one_time, :merchant, now())
ON CONFLICT DO NOTHING
RETURNING name;

-- name: set_active
-- description: Let a user in or not; sessions end.
WITH ended AS (DELETE FROM sessions WHERE name = :name)
UPDATE users SET active = :active WHERE name = :name RETURNING name;

-- name: speak
-- description: Keep a user's language.
UPDATE users SET language = :language WHERE name = :name;

-- name: users
-- description: Everybody.
SELECT name, role, merchant_id, active, one_time, locked_until, created_at FROM users ORDER BY name;

-- name: open
-- description: Open a session, and sweep up those that are over.
WITH swept AS (DELETE FROM sessions WHERE ends_at < :now)
INSERT INTO sessions (token_hash, name, csrf, created_at, ends_at)
VALUES (:hash, :name, :csrf, :now, :ends_at);

-- name: close
-- description: End a session.
DELETE FROM sessions WHERE token_hash = :hash;

-- name: session
-- description: Whose session this is, if it is still open.
SELECT u.name, u.role, u.merchant_id, u.one_time, u.language, s.csrf
FROM sessions s JOIN users u USING (name)
WHERE s.token_hash = :hash AND s.ends_at > :now AND u.active;

-- name: new_key
-- description: Keep a key of a program.
INSERT INTO api_keys (id, key_hash, prefix, name, scopes, merchant_id, created_by, created_at)
VALUES (:id, :hash, :prefix, :name, :scopes, :merchant, :by, :now);

-- name: end_key
-- description: End a key.
UPDATE api_keys SET ended_at = :now WHERE id = :id AND ended_at IS NULL RETURNING id;

-- name: keys
-- description: All keys.
SELECT id, prefix, name, scopes, merchant_id, created_by, created_at, ended_at
FROM api_keys ORDER BY created_at DESC;

-- name: key
-- description: Which program this key belongs to, if it is in force.
SELECT prefix, scopes, merchant_id FROM api_keys
WHERE key_hash = :hash AND (ended_at IS NULL OR ended_at > :now);
