-- Files for the bank, on their way to it.

-- name: owed
-- description: Files that the bank does not have yet, the oldest first.
SELECT id, name, sealed, released_at, released_by, part FROM payout_files
WHERE delivered_at IS NULL ORDER BY made_at, id;

-- name: release
-- description: Keep that a file lies ready beside its place, and whose it is to bring it there.
UPDATE payout_files SET released_at = :now, released_by = :by, part = :part
WHERE id = :id AND released_at IS NULL
RETURNING id;

-- name: delivered
-- description: Keep that the bank may have a file.
UPDATE payout_files SET delivered_at = :now WHERE id = :id AND delivered_at IS NULL AND released_by = :by
RETURNING id;

-- name: lock
-- description: Lock a file that is to be brought to its place, unless it was or is somebody else's by now.
SELECT id FROM payout_files WHERE id = :id AND delivered_at IS NULL AND released_by = :by FOR UPDATE;

-- name: hand_over
-- description: Keep that a file is a person's to bring to the bank, whose machine will not come back.
UPDATE payout_files SET released_at = :now, released_by = :by, part = ''
WHERE id = :id AND delivered_at IS NULL
RETURNING name;

-- name: left
-- description: Of parts of our files that lie in the folder, those that no file on its way names.
SELECT l.part FROM unnest(:names::text[], :parts::text[]) AS l (name, part)
JOIN payout_files f ON f.name = l.name
WHERE f.part <> l.part OR f.delivered_at IS NOT NULL;

-- name: one
-- description: One file.
SELECT id, name, sealed, digest, released_at, released_by, delivered_at FROM payout_files WHERE id = :id;
