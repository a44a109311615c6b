-- Rules by which clearing files are judged, as people set them.

-- name: versions
-- description: All versions, the latest first.
SELECT version, rules, reason, asked_by, asked_at, state, decided_by, decided_at
FROM clearing_rules ORDER BY version DESC LIMIT :limit;

-- name: latest
-- description: The latest version, 0 where there is none.
SELECT coalesce(max(version), 0) FROM clearing_rules;

-- name: waits
-- description: Whether rules wait for a second person.
SELECT EXISTS (SELECT FROM clearing_rules WHERE state = 'asked');

-- name: add
-- description: Keep a version, unless somebody else has just kept one.
INSERT INTO clearing_rules (version, rules, reason, asked_by, asked_at, state)
VALUES (:version, :rules, :reason, :who, :now, :state)
ON CONFLICT DO NOTHING RETURNING version;

-- name: asked_by
-- description: Who has asked for rules that wait.
SELECT asked_by FROM clearing_rules WHERE version = :version AND state = 'asked';

-- name: decide
-- description: Let rules that wait count, or not.
UPDATE clearing_rules SET state = :state, decided_by = CASE WHEN asked_by = :who THEN '' ELSE :who END, decided_at = :now
WHERE version = :version AND state = 'asked'
RETURNING version;
