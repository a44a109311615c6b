-- Of several servers: which one is it.

-- name: history
-- description: The number of its history: each promotion begins a later one.
SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8);
