-- What a terminal claims of a batch and the host has not, or the other way round, found at the end of its
-- upload. Amounts in minor units, without a sign; no `kept`: the host has no such money, though it may know
-- the transaction (declined, reversed, unknown).
CREATE TABLE batch_differences (
    merchant_id    text NOT NULL,
    terminal_id    text NOT NULL,
    batch          text NOT NULL,
    trace          text NOT NULL,
    claimed        bigint,                   -- by the terminal
    kept           bigint,                   -- by the host
    transaction_id uuid,
    found_at       timestamptz NOT NULL,
    resolved_as    text CONSTRAINT batch_differences_resolution CHECK (
        resolved_as IN ('host_stands', 'terminal_stands', 'given_back')),
    booked_by      uuid,                     -- the conclusion or correction by which the terminal stands
    reason         text NOT NULL DEFAULT '',
    resolved_by    text NOT NULL DEFAULT '',
    resolved_at    timestamptz,
    CONSTRAINT batch_differences_pkey PRIMARY KEY (merchant_id, terminal_id, batch, trace),
    CONSTRAINT batch_differences_differs CHECK (claimed IS DISTINCT FROM kept),
    CONSTRAINT batch_differences_resolved CHECK ((resolved_as IS NULL) = (resolved_at IS NULL)),
    CONSTRAINT batch_differences_booked CHECK (
        (booked_by IS NOT NULL) = (resolved_as IS NOT DISTINCT FROM 'terminal_stands'))
);
CREATE INDEX batch_differences_open ON batch_differences (merchant_id, found_at)
    WHERE resolved_at IS NULL;

-- Batches whose incident is open since before: nobody could close it without its rows. By the states of now.
WITH old AS (
    SELECT b.merchant_id, b.terminal_id, b.batch, b.balanced, b.foreign_balanced, i.opened_at,
           EXISTS (SELECT FROM ic_uploads u
                   WHERE u.merchant_id = b.merchant_id AND u.terminal_id = b.terminal_id
                     AND u.batch = b.batch) AS chips
    FROM incidents i
    JOIN batches b ON b.merchant_id = i.merchant_id
                  AND b.terminal_id || ' ' || b.batch = i.subject
    WHERE i.kind = 'batch_differs' AND i.closed_at IS NULL
), uploaded AS (
    SELECT merchant_id, terminal_id, batch, trace, amount
    FROM batch_uploads JOIN old USING (merchant_id, terminal_id, batch)
    UNION
    SELECT merchant_id, terminal_id, batch, trace, amount
    FROM ic_uploads JOIN old USING (merchant_id, terminal_id, batch) WHERE approved
), known AS (
    SELECT t.merchant_id, t.terminal_id, t.batch, t.trace, t.id, t.amount,
           t.state IN ('approved', 'voided', 'partly_refunded', 'refunded') AS counts,
           NOT CASE t.scheme WHEN 'foreign' THEN o.foreign_balanced ELSE o.balanced END
           OR o.chips AND o.balanced AND o.foreign_balanced AND left(t.entry_mode, 2) = '05'
              AND t.kind IN ('sale', 'qr_sale', 'completion', 'completion_advice') AS expected
    FROM transactions t JOIN old o USING (merchant_id, terminal_id, batch)
    WHERE t.kind IN ('sale', 'qr_sale', 'completion', 'completion_advice', 'void', 'qr_void',
                     'completion_void', 'refund', 'qr_refund')
), unkept AS (
    SELECT merchant_id, terminal_id, batch, trace, max(amount) AS amount
    FROM (SELECT * FROM uploaded
          EXCEPT SELECT merchant_id, terminal_id, batch, trace, amount FROM known WHERE counts) one
    GROUP BY merchant_id, terminal_id, batch, trace
), unclaimed AS (
    SELECT merchant_id, terminal_id, batch, trace
    FROM (SELECT merchant_id, terminal_id, batch, trace, amount FROM known WHERE counts AND expected
          EXCEPT SELECT * FROM uploaded) one
), found AS (
    INSERT INTO batch_differences (merchant_id, terminal_id, batch, trace, claimed, kept,
                                   transaction_id, found_at)
    SELECT merchant_id, terminal_id, batch, trace, u.amount,
           CASE WHEN k.counts THEN k.amount END, k.id, o.opened_at
    FROM unkept u FULL JOIN unclaimed USING (merchant_id, terminal_id, batch, trace)
    JOIN old o USING (merchant_id, terminal_id, batch)
    LEFT JOIN known k USING (merchant_id, terminal_id, batch, trace)
    RETURNING merchant_id, terminal_id, batch
)
-- What meanwhile agrees, as a late answer booked it, is over.
UPDATE incidents i SET closed_at = now()
FROM old o
WHERE i.kind = 'batch_differs' AND i.closed_at IS NULL AND i.merchant_id = o.merchant_id
  AND i.subject = o.terminal_id || ' ' || o.batch
  AND NOT EXISTS (SELECT FROM found f WHERE f.merchant_id = i.merchant_id
                    AND f.terminal_id || ' ' || f.batch = i.subject);
