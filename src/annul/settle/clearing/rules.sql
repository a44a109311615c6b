-- Rules by which clearing files are judged, in versions.

-- name: in_force
-- description: The version that counts.
SELECT version, rules, asked_by, coalesce(decided_at, asked_at) AS at FROM clearing_rules
WHERE state = 'in_force' ORDER BY version DESC LIMIT 1;
