-- Dialects as people see and change them: every version stays, the latest counts.

-- name: listing
-- description: The dialects that somebody brought along, the latest version of each.
SELECT DISTINCT ON (name) name, version, document, note, set_by, set_at
FROM dialects ORDER BY name, version DESC;

-- name: spoken
-- description: Which dialect each issuer speaks.
SELECT issuer_id, dialect FROM issuers ORDER BY issuer_id;

-- name: versions
-- description: Every version of a dialect, the latest first.
SELECT version, document, note, set_by, set_at FROM dialects WHERE name = :name
ORDER BY version DESC;

-- name: changed
-- description: Let running hosts read reference data anew; who changes it waits for who did before.
UPDATE reference SET version = version + 1;

-- name: add
-- description: Put a version behind those of a dialect; gives its number.
INSERT INTO dialects (name, version, document, note, set_by, set_at)
SELECT :name, coalesce(max(version), 0) + 1, :document, :note, :set_by, :set_at
FROM dialects WHERE name = :name
RETURNING version;
