-- What rows of clearing files tell of chargebacks: kept with the commit of their file, decided by people.

-- name: propose
-- description: Keep what rows of a file tell, each once, also where it is matched anew; gives how many of it wait.
WITH told AS (
    SELECT coalesce(t.merchant_id, m.merchant_id, '') AS merchant_id, r.line, t.id AS transaction_id, r.kind, r.rrn,
           r.amount, r.currency
    FROM clearing_rows r
    LEFT JOIN transactions t ON t.id = r.about
    LEFT JOIN merchants m ON m.merchant_id = r.merchant_id
    WHERE r.file_id = :file AND r.outcome = 'claimed'
      AND NOT EXISTS (SELECT FROM chargeback_proposals p
                      WHERE p.file_id = :file AND p.line = r.line)
), kept AS (
    INSERT INTO chargeback_proposals AS p (merchant_id, id, file_id, line, transaction_id, act, rrn, amount,
                                           currency, found_at, state)
    SELECT merchant_id, gen_random_uuid(), :file, line, transaction_id, kind, rrn, amount, currency, :now, 'waiting'
    FROM told ORDER BY line
    RETURNING 1
)
SELECT (SELECT count(*) FROM kept)::integer
     + (SELECT count(*) FROM chargeback_proposals WHERE file_id = :file AND state = 'waiting')::integer;

-- name: withdraw
-- description: What a file that is discarded has told, and nobody has decided, is proposed no longer.
UPDATE chargeback_proposals SET state = 'withdrawn', decided_at = :now WHERE file_id = :file AND state = 'waiting';

-- name: lock
-- description: One that waits, held until the database's transaction ends.
SELECT {columns} FROM chargeback_proposals p WHERE p.id = :id AND p.state = 'waiting' FOR UPDATE;

-- name: columns
-- description: Part: what is known of one.
p.merchant_id, p.id, p.file_id, p.line, p.transaction_id, p.act, p.rrn, p.amount, p.currency, p.found_at, p.state;

-- name: decide
-- description: Keep what somebody has decided of one that waits.
UPDATE chargeback_proposals SET state = :state, chargeback_id = :chargeback, decided_by = :who, decided_at = :now
WHERE id = :id AND state = 'waiting'
RETURNING file_id;

-- name: close_incidents
-- description: Close the incident of a file of which nothing waits any more, under its name.
WITH ended AS (
    SELECT '' AS merchant_id, 'chargebacks_proposed' AS kind, f.name AS subject, :now::timestamptz AS at
    FROM clearing_files f
    WHERE f.id = :file AND NOT EXISTS (
        SELECT FROM chargeback_proposals p JOIN clearing_files s ON s.id = p.file_id
        WHERE s.name = f.name AND p.state = 'waiting')
)
{close_ended};
