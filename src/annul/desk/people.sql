-- name: merchant
-- description: Whether there is such a merchant.
SELECT EXISTS (SELECT FROM merchants WHERE merchant_id = :merchant);

-- name: key_name
-- description: What a key in force is called.
SELECT name || ' ' || prefix FROM api_keys WHERE id = :id AND ended_at IS NULL;

-- name: role
-- description: What a user may do, kept as it is while it is changed.
SELECT role, merchant_id FROM users WHERE name = :name FOR UPDATE;

-- name: administrators
-- description: Who is let in as an administrator, kept as they are while one of them is changed.
SELECT name FROM users WHERE role = :role AND active ORDER BY name FOR UPDATE;
