-- What clearing files told of a transaction.

-- name: told_of
-- description: Rows of committed files that tell of a transaction, with what they proved of it.
SELECT r.file_id, f.name, f.settles_on AS day, r.line, r.settles_on, r.effect, r.amount, r.currency, r.outcome,
       p.proves, p.was, p.came
FROM clearing_rows r
JOIN clearing_files f ON f.id = r.file_id
LEFT JOIN LATERAL (
    SELECT proves, was, came FROM clearing_proofs p
    WHERE p.transaction_id = r.transaction_id AND p.merchant_id = :merchant AND p.file_id = r.file_id
      AND p.line = r.line AND p.discarded_at IS NULL
    ORDER BY p.break_id IS NOT NULL, p.found_at LIMIT 1) p ON true
WHERE r.transaction_id = :transaction AND f.state = 'committed'
ORDER BY f.settles_on, r.line LIMIT :limit;
