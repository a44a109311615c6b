-- Who holds which node number. Leases are judged by the database's clock, the one that all hosts
-- share: clock_timestamp() and not now(), which a statement that waited for a row has begun with.

-- name: claim
-- description: Take a number that is nobody's, whose lease has ended, or of this data folder.
-- $1 node, $2 boot, $3 folder, $4 lease.
INSERT INTO hosts (node, boot, folder, started_at, leased_until)
VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp() + $4::interval)
ON CONFLICT (node) DO UPDATE
SET boot = excluded.boot, folder = excluded.folder, started_at = excluded.started_at,
    leased_until = clock_timestamp() + $4::interval
WHERE hosts.folder = excluded.folder OR hosts.leased_until <= clock_timestamp()
RETURNING true;

-- name: beat
-- description: Renew a lease unless another process has the number; says if it had not ended yet.
-- $1 node, $2 boot, $3 folder, $4 lease. A row that is gone is put back.
WITH before AS (
    SELECT leased_until > clock_timestamp() AS unbroken FROM hosts WHERE node = $1 AND boot = $2
)
INSERT INTO hosts (node, boot, folder, started_at, leased_until)
VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp() + $4::interval)
ON CONFLICT (node) DO UPDATE
SET leased_until = clock_timestamp() + $4::interval
WHERE hosts.boot = excluded.boot
RETURNING coalesce((SELECT unbroken FROM before), false);

-- name: holder
-- description: Since when and until when a number is held.
SELECT started_at, leased_until FROM hosts WHERE node = $1;

-- name: leave
-- description: Give a number back, if it is still this process's.
UPDATE hosts SET leased_until = clock_timestamp() WHERE node = $1 AND boot = $2;
