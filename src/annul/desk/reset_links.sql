-- name: make
-- description: Keep a link for a user; it takes the place of the one before.
INSERT INTO reset_links (name, token_hash, factor_too, made_by, ends_at)
SELECT name, :hash, :factor_too, :by, :ends_at FROM users WHERE name = :name AND active
ON CONFLICT (name) DO UPDATE
SET token_hash = excluded.token_hash, factor_too = excluded.factor_too, made_by = excluded.made_by,
    ends_at = excluded.ends_at
RETURNING name;

-- name: owner
-- description: Whose link this is, if it is good.
SELECT name FROM reset_links JOIN users USING (name)
WHERE token_hash = :hash AND ends_at > :now AND active;

-- name: take
-- description: Use a link up that is good, and keep who has given it.
WITH taken AS (
    DELETE FROM reset_links WHERE token_hash = :hash RETURNING name, factor_too, made_by
), given AS (
    UPDATE users u SET reset_by = t.made_by FROM taken t WHERE u.name = t.name
)
SELECT factor_too, made_by FROM taken;
