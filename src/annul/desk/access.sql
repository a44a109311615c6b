-- name: count
-- description: How many users there are.
SELECT count(*) FROM users;

-- name: add_first
-- description: Add the first user with a one-time password unless the name is taken.
INSERT INTO users (name, password_hash, role, one_time, created_at)
VALUES (:name, :password_hash, 'administrator', true, now())
ON CONFLICT DO NOTHING
RETURNING name;

-- name: try
-- description: Count a try as wrong; give what it takes to look at its password, if it may be.
-- The row of name and address decides first, then that of the name, each under its lock. A name that
-- is locked for strangers is not for an address from which it came in before.
WITH pair AS (
    INSERT INTO sign_in_tries AS t (name, address, failures, tried_at)
    SELECT name, :address, 1, :now FROM users WHERE name = :name AND active
    ON CONFLICT (name, address) DO UPDATE
    SET failures = t.failures + 1, tried_at = :now,
        locked_until = CASE WHEN t.failures + 1 >= :tries THEN :now::timestamptz + least(
            :longest::interval, :lock::interval * 2.0 ^ least(t.failures + 1 - :tries, 20)) END
    WHERE t.locked_until IS NULL OR t.locked_until <= :now
    RETURNING name, let_in_at
)
UPDATE users u
SET failures = CASE WHEN u.locked_until <= :now THEN 1 ELSE u.failures + 1 END,
    locked_until = CASE WHEN u.locked_until > :now THEN u.locked_until
                        WHEN u.locked_until IS NULL AND u.failures + 1 >= :in_all
                        THEN :now::timestamptz + :longest::interval END
FROM pair p
WHERE u.name = p.name AND (p.let_in_at > :now::timestamptz - :known::interval
                           OR u.locked_until IS NULL OR u.locked_until <= :now)
RETURNING u.password_hash, u.one_time;

-- name: let_in
-- description: Forget wrong passwords, and know the address.
WITH pair AS (
    UPDATE sign_in_tries SET failures = 0, locked_until = NULL, let_in_at = :now
    WHERE name = :name AND address = :address
)
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
-- description: Let a user in or not; sessions end. Of who left long ago only the name is kept.
WITH ended AS (DELETE FROM sessions WHERE name = :name)
UPDATE users SET active = :active, left_at = CASE WHEN :active THEN NULL ELSE :now::timestamptz END
WHERE name = :name AND (password_hash <> '' OR NOT :active) RETURNING name;

-- name: speak
-- description: Keep a user's language.
UPDATE users SET language = :language WHERE name = :name;

-- name: users
-- description: Everybody.
SELECT name, role, merchant_id, active, one_time, locked_until, created_at FROM users ORDER BY name;

-- name: open
-- description: Open a session.
INSERT INTO sessions (token_hash, name, csrf, created_at, seen_at, ends_at)
VALUES (:hash, :name, :csrf, :now, :now, :ends_at);

-- name: close
-- description: End a session.
DELETE FROM sessions WHERE token_hash = :hash;

-- name: session
-- description: Whose session this is, if it is still open.
SELECT u.name, u.role, u.merchant_id, u.one_time, u.language, s.csrf
FROM sessions s JOIN users u USING (name)
WHERE s.token_hash = :hash AND s.ends_at > :now AND u.active
  AND (s.seen_at > :now::timestamptz - :idle::interval OR u.role <> ALL (:idling::text[]));

-- name: seen
-- description: Note that somebody has acted.
UPDATE sessions SET seen_at = :now WHERE token_hash = :hash;

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
