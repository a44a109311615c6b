-- name: of
-- description: Somebody's views of a page.
SELECT id, name, query FROM saved_views WHERE owner = :owner AND page = :page ORDER BY name;

-- name: keep
-- description: Keep a view, in place of one of the same name.
INSERT INTO saved_views (id, owner, page, name, query)
VALUES (gen_random_uuid(), :owner, :page, :name, :query)
ON CONFLICT (owner, page, name) DO UPDATE SET query = excluded.query;
