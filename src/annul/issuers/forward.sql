-- Store-and-forward: claim what is due, put off what failed, report what is owed for too long.

-- name: lease
-- description: Claim due rows, of each original the oldest only, and write down that they are sent.
-- $1 now, $2 end of the lease, $3 how many, $4 issuers whose link is up, $5 tries after which a row
-- is overtaken. What is being concluded comes next time: outcomes lock transactions before what is
-- owed for them, and to wait for them the other way round is a deadlock.
WITH due AS (
    SELECT o.merchant_id, o.id
    FROM outbox o
    JOIN transactions t ON t.merchant_id = o.merchant_id AND t.id = o.transaction_id
    WHERE o.pending AND o.next_attempt_at <= $1
      AND (o.leased_until IS NULL OR o.leased_until <= $1)
      AND o.issuer_id = ANY ($4::text[])
      AND NOT EXISTS (
          SELECT FROM outbox e
          WHERE e.merchant_id = o.merchant_id AND e.original_id = o.original_id AND e.pending
            AND e.issuer_id = ANY ($4::text[]) AND e.attempts < $5 AND (e.created_at, e.id) < (o.created_at, o.id))
    ORDER BY o.next_attempt_at
    LIMIT $3
    FOR UPDATE OF t, o SKIP LOCKED
), leased AS (
    -- The conditions again: another process may have leased a row after this one has seen it.
    UPDATE outbox o
    SET leased_until = $2, attempts = o.attempts + 1
    FROM due d
    WHERE o.merchant_id = d.merchant_id AND o.id = d.id AND o.pending AND o.next_attempt_at <= $1
      AND (o.leased_until IS NULL OR o.leased_until <= $1)
    RETURNING o.merchant_id, o.id, o.transaction_id, o.kind, o.issuer_id, o.reason, o.attempts,
              o.created_at
), moved AS (
    UPDATE transactions t
    SET state = CASE l.kind WHEN 'reversal' THEN 'reversing' ELSE 'sent' END,
        sent = CASE t.sent WHEN 'answered' THEN t.sent ELSE 'possibly_sent' END,
        reversal_reason = CASE l.kind WHEN 'reversal' THEN l.reason ELSE t.reversal_reason END
    FROM leased l
    WHERE t.merchant_id = l.merchant_id AND t.id = l.transaction_id
      AND t.state = CASE l.kind WHEN 'reversal' THEN 'unknown' ELSE 'received' END
    RETURNING t.merchant_id, t.id, t.state
)
SELECT l.id AS outbox_id, l.kind AS outbox_kind, l.issuer_id AS outbox_issuer, l.reason, l.attempts,
       merchant.name_zh, merchant.name_en, merchant.category,
       coalesce(m.state, t.state) AS state_now, {columns}
FROM leased l
JOIN transactions t ON t.merchant_id = l.merchant_id AND t.id = l.transaction_id
JOIN merchants merchant ON merchant.merchant_id = l.merchant_id
LEFT JOIN moved m ON m.merchant_id = l.merchant_id AND m.id = l.transaction_id
ORDER BY l.created_at, l.id;

-- name: original
-- description: The transaction that an advice refers to.
SELECT {columns} FROM transactions t WHERE t.merchant_id = $1 AND t.id = $2;

-- name: postpone
-- description: Give a row back for a later try; from the limit on somebody is told.
-- $1 merchant, $2 row, $3 next try, $4 code of the issuer or empty, $5 limit of tries, $6 now,
-- $7 whether others go first from now on.
WITH postponed AS (
    UPDATE outbox
    SET next_attempt_at = $3, leased_until = NULL,
        attempts = CASE WHEN $7 THEN greatest(attempts, $5) ELSE attempts END,
        last_code = CASE WHEN $4 = '' THEN last_code ELSE $4 END
    WHERE merchant_id = $1 AND id = $2 AND pending
    RETURNING merchant_id, transaction_id, kind, issuer_id, attempts, last_code
)
INSERT INTO incidents (merchant_id, id, kind, transaction_id, detail, opened_at)
SELECT merchant_id, gen_random_uuid(), 'forward_' || kind, transaction_id,
       format('Issuer %s has not acknowledged the %s after %s tries (last code: %s). It is still '
              'being sent. Ask the issuer with the transaction''s reference number.',
              issuer_id, kind, attempts, coalesce(nullif(last_code, ''), 'none')), $6
FROM postponed WHERE attempts >= $5
ON CONFLICT DO NOTHING;

-- name: give_back
-- description: End a lease of which nothing was sent; it was no try.
UPDATE outbox
SET leased_until = NULL, attempts = attempts - 1, next_attempt_at = $3
WHERE merchant_id = $1 AND id = $2 AND pending;

-- name: retire
-- description: End a row whose transaction has already come to its end in another way.
UPDATE outbox o
SET pending = false, done_at = $3, leased_until = NULL
FROM transactions t
WHERE o.merchant_id = $1 AND o.id = $2 AND o.pending
  AND t.merchant_id = o.merchant_id AND t.id = o.transaction_id
  AND t.state <> ALL (CASE o.kind WHEN 'reversal' THEN ARRAY['unknown', 'reversing', 'disputed']
                                  ELSE ARRAY['received', 'sent', 'unknown'] END);

-- name: overdue
-- description: Open an incident for each row that waits for too long, also behind a closed link.
INSERT INTO incidents (merchant_id, id, kind, transaction_id, detail, opened_at)
SELECT merchant_id, gen_random_uuid(), 'forward_' || kind, transaction_id,
       format('The %s for issuer %s is not acknowledged since %s (%s tries). It is still being '
              'sent as soon as the issuer''s link is up. Ask the issuer.',
              kind, issuer_id, to_char(created_at, 'YYYY-MM-DD HH24:MI:SS "UTC"'), attempts), $1
FROM outbox
WHERE pending AND created_at <= $2
ON CONFLICT DO NOTHING;

-- name: recovered
-- description: Close the incidents of rows that are acknowledged by now, and of disputes that have ended.
UPDATE incidents i
SET closed_at = $1
FROM outbox o
JOIN transactions t ON t.merchant_id = o.merchant_id AND t.id = o.transaction_id
WHERE i.closed_at IS NULL
  AND o.merchant_id = i.merchant_id AND o.transaction_id = i.transaction_id
  AND (i.kind IN ('forward_reversal', 'forward_advice') AND i.kind = 'forward_' || o.kind
       AND NOT o.pending
       OR i.kind = 'late_approval' AND t.state = 'reversed'
       OR i.kind = 'disputed' AND t.state NOT IN ('sent', 'unknown', 'reversing', 'disputed'));

-- name: backlog
-- description: How many rows are owed to issuers.
SELECT count(*) FROM outbox WHERE pending;
