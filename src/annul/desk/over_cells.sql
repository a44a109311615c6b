-- name: lives
-- description: How a merchant lives in this cell: here, leaving or away.
SELECT lives FROM merchants WHERE merchant_id = :merchant;

-- name: living
-- description: Which of some merchants live in this cell, or are leaving it.
SELECT merchant_id, lives FROM merchants WHERE merchant_id = ANY (:merchants::text[]) AND lives <> 'away';

-- name: people
-- description: Who may act, and who has let them in, as the cell that people sign in at has it.
SELECT name, role, active, created_at, made_by, reset_by FROM users;

-- name: know_people
-- description: Know in another cell who may act; nobody signs in there.
INSERT INTO users (name, password_hash, role, one_time, active, created_at, made_by, reset_by)
SELECT name, '', role, false, active, created_at, made_by, reset_by
FROM unnest(:name::text[], :role::text[], :active::boolean[], :created_at::timestamptz[],
            :made_by::text[], :reset_by::text[])
    AS p (name, role, active, created_at, made_by, reset_by)
ON CONFLICT (name) DO UPDATE
SET role = excluded.role, active = excluded.active, made_by = excluded.made_by,
    reset_by = excluded.reset_by
WHERE (users.role, users.active, users.made_by, users.reset_by)
    IS DISTINCT FROM (excluded.role, excluded.active, excluded.made_by, excluded.reset_by);

-- name: makers
-- description: Who has made which key of a program, as that cell has it.
SELECT id, prefix, created_by, created_at FROM api_keys;

-- name: know_makers
-- description: Know in another cell who stands behind a key: one that has ended, and whose hash no key has.
INSERT INTO api_keys (id, key_hash, prefix, name, scopes, created_by, created_at, ended_at, ends_at)
SELECT id, uuid_send(id), prefix, '', '{}', created_by, created_at, created_at, created_at
FROM unnest(:id::uuid[], :prefix::text[], :created_by::text[], :created_at::timestamptz[])
    AS k (id, prefix, created_by, created_at)
ON CONFLICT (id) DO NOTHING;
