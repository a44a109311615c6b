-- What is expected to break before any file tells: what the wire has shown to be one thing here and another there.

-- name: foretell
-- description: Keep what is expected to break, and what is so no longer; gives how many are new.
-- Only what is still open or has a late word is looked at, by their own indexes.
WITH expected AS (
    SELECT t.merchant_id, t.id, 'reversal_open' AS why
    FROM outbox o
    JOIN transactions t ON t.merchant_id = o.merchant_id AND t.id = o.transaction_id
    WHERE o.pending AND o.kind = 'reversal' AND o.attempts > 0
      AND t.state = 'reversing' AND t.sent <> 'not_sent' AND t.kind IN ({taking}, {giving})
    UNION ALL
    -- What is disputed is ended by its row, which proves it.
    SELECT t.merchant_id, t.id, i.kind
    FROM incidents i
    JOIN transactions t ON t.merchant_id = i.merchant_id AND t.id = i.transaction_id
    WHERE i.closed_at IS NULL
      AND i.kind IN ('answers_contradict', 'late_approval', 'reversal_not_possible')
      AND t.kind IN ({taking}, {giving}) AND t.state <> 'disputed'
), first AS (
    SELECT DISTINCT ON (id, merchant_id) * FROM expected
    WHERE NOT EXISTS (SELECT FROM clearing_rows r WHERE r.transaction_id = expected.id AND NOT r.undoes)
    ORDER BY id, merchant_id, why
), gone AS (
    UPDATE foretold f SET gone_at = :now
    WHERE f.gone_at IS NULL
      AND NOT EXISTS (SELECT FROM first e WHERE e.id = f.transaction_id AND e.merchant_id = f.merchant_id)
      AND NOT EXISTS (SELECT FROM clearing_rows r WHERE r.transaction_id = f.transaction_id)
), new AS (
    INSERT INTO foretold (merchant_id, transaction_id, why, found_at)
    SELECT merchant_id, id, why, :now FROM first
    ON CONFLICT (transaction_id, merchant_id) DO UPDATE
    SET gone_at = NULL, why = excluded.why, found_at = excluded.found_at
    WHERE foretold.gone_at IS NOT NULL
    RETURNING 1
)
SELECT count(*)::integer FROM new;
