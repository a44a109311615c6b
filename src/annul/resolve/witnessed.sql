-- What hosts were told is written, held against what is.

-- name: stored
-- description: The state of transactions, null of one that is not there; of merchants that are.
-- What a discarded clearing file had proved went back with it.
SELECT told.id, t.state
FROM unnest(:ids::uuid[], :merchants::text[]) AS told (id, merchant_id)
JOIN merchants m ON m.merchant_id = told.merchant_id AND m.lives = 'here'
LEFT JOIN transactions t ON t.id = told.id AND t.merchant_id = told.merchant_id
WHERE NOT EXISTS (SELECT FROM clearing_proofs p
                  WHERE p.transaction_id = told.id AND p.undone_at IS NOT NULL);

-- name: place
-- description: Which server this is and which of its histories: a promotion begins a new one.
SELECT (SELECT system_identifier FROM pg_control_system()) || ' '
    || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8);
