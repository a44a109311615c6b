-- name: of
-- description: Somebody's views of a page.
SELECT id, name, query FROM saved_views WHERE owner = $1 AND page = $2 ORDER BY name;

-- name: keep
-- description: Keep a view, in place of one of the same name.
INSERT INTO saved_views (id, owner, page, name, query) VALUES (gen_random_uuid(), $1, $2, $3, $4)
ON CONFLICT (owner, page, name) DO UPDATE SET query = excluded.query;
