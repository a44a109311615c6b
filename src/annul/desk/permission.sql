-- name: still
-- description: Whether a user is still let in with this role.
SELECT active AND role = :role FROM users WHERE name = :name;
