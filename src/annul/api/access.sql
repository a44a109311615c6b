-- name: count
-- description: How many users there are.
SELECT count(*) FROM users;

-- name: add_first
-- description: Add a user with a one-time password unless the name is taken.
INSERT INTO users (name, password_hash, role, one_time, created_at)
VALUES ($1, $2, $3, true, now())
ON CONFLICT DO NOTHING
RETURNING name;

-- name: find
-- description: Password hash of a user, and whether it is a one-time password.
SELECT password_hash, one_time FROM users WHERE name = $1;

-- name: change
-- description: Replace a password; it is no longer a one-time password.
UPDATE users SET password_hash = $2, one_time = false WHERE name = $1;

-- name: role
-- description: Role of a user.
SELECT role FROM users WHERE name = $1;

-- name: add
-- description: Add a user with a password of their own.
INSERT INTO users (name, password_hash, role, one_time, created_at)
VALUES ($1, $2, $3, false, now())
ON CONFLICT DO NOTHING
RETURNING name;
