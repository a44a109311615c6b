-- name: apart
-- description: Whether neither of two stands behind the other.
-- By a key, by having made a user, or by the link that gave them their password.
WITH RECURSIVE named AS (
    SELECT side, CASE WHEN shown NOT LIKE 'key %' THEN shown ELSE (
        SELECT min(created_by) FROM api_keys WHERE 'key ' || prefix = shown
        HAVING count(DISTINCT created_by) = 1) END AS name
    FROM (VALUES (1, :first::text), (2, :second::text)) AS v (side, shown)
), behind AS (
    SELECT side, name FROM named
    UNION
    SELECT b.side, giver FROM behind b JOIN users u ON u.name = b.name,
        LATERAL unnest(ARRAY[u.made_by, u.reset_by]) AS giver
    WHERE giver <> ''
)
SELECT count(n.name) = 2 AND bool_and(NOT EXISTS (
    SELECT FROM behind b WHERE b.side <> n.side AND b.name = n.name))
FROM named n;
