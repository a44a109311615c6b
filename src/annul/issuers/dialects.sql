-- Dialects that somebody brought along, as documents; the latest version of each counts.

-- name: latest
-- description: The document that counts of each dialect.
SELECT DISTINCT ON (name) name, version, document FROM dialects ORDER BY name, version DESC;
