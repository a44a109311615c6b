-- Who holds which node number. Leases are judged by the database's clock, the one that all hosts
-- share: clock_timestamp() and not now(), which a statement that waited for a row has begun with.

-- name: claim
-- description: Take a number that is nobody's, whose lease has ended, or of this data folder.
INSERT INTO hosts (node, boot, folder, started_at, leased_until)
VALUES (:node, :boot, :folder, clock_timestamp(), clock_timestamp() + :lease::interval)
ON CONFLICT (node) DO UPDATE
SET boot = excluded.boot, folder = excluded.folder, started_at = excluded.started_at,
    leased_until = clock_timestamp() + :lease::interval
WHERE hosts.folder = excluded.folder OR hosts.leased_until <= clock_timestamp()
RETURNING true;

-- name: free
-- description: Numbers that may be taken: that of this data folder first.
SELECT n FROM generate_series(0, 9) AS n LEFT JOIN hosts h ON h.node = n
WHERE h.node IS NULL OR h.folder = :folder OR h.leased_until <= clock_timestamp()
ORDER BY h.folder = :folder DESC NULLS LAST, n;

-- name: beat
-- description: Renew a lease unless another process has the number; says if it had not ended yet.
-- A row that is gone is put back.
WITH before AS (
    SELECT leased_until > clock_timestamp() AS unbroken FROM hosts
    WHERE node = :node AND boot = :boot
)
INSERT INTO hosts (node, boot, folder, started_at, leased_until)
VALUES (:node, :boot, :folder, clock_timestamp(), clock_timestamp() + :lease::interval)
ON CONFLICT (node) DO UPDATE
SET leased_until = clock_timestamp() + :lease::interval
WHERE hosts.boot = excluded.boot
RETURNING coalesce((SELECT unbroken FROM before), false);

-- name: holder
-- description: Since when and until when a number is held.
SELECT started_at, leased_until FROM hosts WHERE node = :node;

-- name: leave
-- description: Give a number back, if it is still this process's.
UPDATE hosts SET leased_until = clock_timestamp() WHERE node = :node AND boot = :boot;
