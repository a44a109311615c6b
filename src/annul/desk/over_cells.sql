-- name: lives_here
-- description: Whether this cell serves a merchant, or did until its move began.
SELECT EXISTS (SELECT FROM merchants WHERE merchant_id = :merchant AND lives <> 'away');

-- name: people
-- description: Who may act, as the cell that people sign in at has them.
SELECT name, role, active, created_at FROM users;

-- name: know
-- description: Know in another cell who may act; nobody signs in there.
INSERT INTO users (name, password_hash, role, one_time, active, created_at)
SELECT name, '', role, false, active, created_at
FROM unnest(:names::text[], :roles::text[], :actives::boolean[], :ats::timestamptz[])
    AS p (name, role, active, created_at)
ON CONFLICT (name) DO UPDATE SET role = excluded.role, active = excluded.active
WHERE (users.role, users.active) IS DISTINCT FROM (excluded.role, excluded.active);
