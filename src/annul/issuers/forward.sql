-- Store-and-forward: claim what is due, put off what failed, report what is owed for too long.

-- name: lease
-- description: Claim due rows, of each original the oldest only, and write down that they are sent.
-- Only of issuers whose link is up; after so many tries a row is overtaken. What is being concluded
-- comes next time: outcomes lock transactions before what is owed for them, and to wait for them the
-- other way round is a deadlock.
WITH due AS (
    SELECT o.merchant_id, o.id
    FROM outbox o
    JOIN transactions t ON t.merchant_id = o.merchant_id AND t.id = o.transaction_id
    WHERE o.pending AND o.next_attempt_at <= :now
      AND (o.leased_until IS NULL OR o.leased_until <= :now)
      AND o.issuer_id = ANY (:issuers::text[])
      AND NOT EXISTS (
          SELECT FROM outbox e
          WHERE e.merchant_id = o.merchant_id AND e.original_id = o.original_id AND e.pending
            AND e.issuer_id = ANY (:issuers::text[]) AND e.attempts < :tries
            AND (e.created_at, e.id) < (o.created_at, o.id))
    ORDER BY o.next_attempt_at
    LIMIT :limit
    FOR UPDATE OF t, o SKIP LOCKED
), leased AS (
    -- The conditions again: another process may have leased a row after this one has seen it.
    UPDATE outbox o
    SET leased_until = :until, attempts = o.attempts + 1
    FROM due d
    WHERE o.merchant_id = d.merchant_id AND o.id = d.id AND o.pending AND o.next_attempt_at <= :now
      AND (o.leased_until IS NULL OR o.leased_until <= :now)
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
SELECT {columns} FROM transactions t WHERE t.merchant_id = :merchant AND t.id = :original;

-- name: raised_of_waiting
-- description: Part of two below: what is told of rows `waiting` that are not acknowledged.
raised AS (
    SELECT w.merchant_id, w.transaction_id::text AS subject, w.transaction_id, w.at,
           CASE w.kind WHEN 'reversal' THEN 'forward_reversal' ELSE 'forward_advice' END AS kind,
           jsonb_build_object(
               'kind', t.kind, 'reference', t.rrn, 'amount', t.amount, 'currency', t.currency,
               'issuer', w.issuer_id, 'since', w.created_at, 'tries', w.attempts,
               'code', w.last_code) AS params
    FROM waiting w
    JOIN transactions t ON t.merchant_id = w.merchant_id AND t.id = w.transaction_id
)

-- name: postpone
-- description: Give a row back for a later try; from the limit on somebody is told.
-- An empty code is none; `slowly` lets others go first from now on.
WITH postponed AS (
    UPDATE outbox
    SET next_attempt_at = :next_attempt_at, leased_until = NULL,
        attempts = CASE WHEN :slowly THEN greatest(attempts, :tries) ELSE attempts END,
        last_code = CASE WHEN :code = '' THEN last_code ELSE :code END
    WHERE merchant_id = :merchant AND id = :id AND pending
    RETURNING merchant_id, transaction_id, kind, issuer_id, attempts, last_code, created_at
), waiting AS (
    SELECT *, :now::timestamptz AS at FROM postponed WHERE attempts >= :tries
), {raised_of_waiting}
{open_raised};

-- name: give_back
-- description: End a lease of which nothing was sent; it was no try.
UPDATE outbox
SET leased_until = NULL, attempts = attempts - 1, next_attempt_at = :next_attempt_at
WHERE merchant_id = :merchant AND id = :id AND pending;

-- name: retire
-- description: End a row whose transaction has already come to its end in another way.
UPDATE outbox o
SET pending = false, done_at = :now, leased_until = NULL
FROM transactions t
WHERE o.merchant_id = :merchant AND o.id = :id AND o.pending
  AND t.merchant_id = o.merchant_id AND t.id = o.transaction_id
  AND t.state <> ALL (CASE o.kind WHEN 'reversal' THEN ARRAY['unknown', 'reversing', 'disputed']
                                  ELSE ARRAY['received', 'sent', 'unknown'] END);

-- name: overdue
-- description: Open an incident for each row that waits for too long, also behind a closed link.
WITH waiting AS (
    SELECT *, :now::timestamptz AS at FROM outbox WHERE pending AND created_at <= :before
), {raised_of_waiting}
{open_raised};

-- name: recovered
-- description: Close the incidents of rows that are acknowledged by now, and of disputes that have ended.
WITH ended AS (
    SELECT i.merchant_id, i.kind, i.subject, :now::timestamptz AS at
    FROM incidents i
    JOIN outbox o ON o.merchant_id = i.merchant_id AND o.transaction_id = i.transaction_id
    JOIN transactions t ON t.merchant_id = o.merchant_id AND t.id = o.transaction_id
    WHERE i.closed_at IS NULL
      AND (i.kind = 'forward_reversal' AND o.kind = 'reversal' AND NOT o.pending
           OR i.kind = 'forward_advice' AND o.kind = 'advice' AND NOT o.pending
           OR i.kind = 'late_approval' AND t.state = 'reversed'
           OR i.kind = 'disputed' AND t.state NOT IN ('sent', 'unknown', 'reversing', 'disputed'))
)
{close_ended};

-- name: backlog
-- description: How many rows are owed to issuers.
SELECT count(*) FROM outbox WHERE pending;
