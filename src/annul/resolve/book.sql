-- Cases and their history. What changes one case says `ended_at IS NULL`, which is the same as
-- `ended = ''`: with that, a plan made while the table is empty would walk all open cases. So would
-- one of `ended = 'unproved'` walk all of these: where only one is meant, `starts_with` says it.

-- name: open_failed
-- description: Open a case for each void, refund or completion that failed; one open case per original.
-- Kinds and states stand here as in the index, else a plan that is made once for all parameters can
-- not use it. A void that joins the case of a refund makes it the case of a void, which annul drives
-- by itself. What fails on an original whose money nobody has proved belongs to the case that says
-- so. What has no outcome awaits it from the start, so that nobody closes it before it is looked at.
-- What is being concluded comes next time, since outcomes lock many rows in an order of their own,
-- and to wait for them in another one is a deadlock.
WITH failed AS (
    SELECT merchant_id, id FROM transactions
    WHERE kind IN ({cased})
      AND NOT cased AND origin IN ({of_shops})
      AND state IN ('declined', 'unknown', 'reversing', 'reversed', 'disputed')
    ORDER BY received_at LIMIT :limit FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE transactions t SET cased = true FROM failed f
    WHERE t.merchant_id = f.merchant_id AND t.id = f.id AND NOT t.cased
    RETURNING t.merchant_id, t.id, t.rrn, t.terminal_id, t.original_id, t.kind, t.amount,
              t.currency, t.card_masked, t.issuer_id, t.received_at,
              CASE WHEN t.state IN ('declined', 'reversed') THEN '' ELSE 'await_outcome' END AS step
), first AS (
    SELECT DISTINCT ON (merchant_id, coalesce(original_id, id)) * FROM marked
    ORDER BY merchant_id, coalesce(original_id, id), kind NOT IN ({voids}), received_at
), opened AS (
    INSERT INTO cases (merchant_id, id, number, terminal_id, original_id, kind, amount, currency,
                       card_masked, issuer_id, opened_at, due_at, first_due_at, next_action_at,
                       step)
    SELECT merchant_id, id, rrn, terminal_id, original_id, kind, amount, currency, card_masked,
           issuer_id, received_at, received_at + :due_in::interval,
           received_at + :due_in::interval, :now, step
    FROM first f
    WHERE f.original_id IS NULL OR NOT EXISTS (
        SELECT FROM cases c
        WHERE c.original_id = f.original_id AND c.merchant_id = f.merchant_id
          AND starts_with(c.ended, 'unproved'))
    ON CONFLICT (original_id, merchant_id) WHERE ended = '' AND original_id IS NOT NULL
    DO UPDATE SET next_action_at = least(cases.next_action_at, excluded.next_action_at),
        kind = CASE WHEN excluded.kind IN ({voids}) AND cases.kind NOT IN ({voids})
                    THEN excluded.kind ELSE cases.kind END,
        amount = CASE WHEN excluded.kind IN ({voids}) AND cases.kind NOT IN ({voids})
                      THEN excluded.amount ELSE cases.amount END
    RETURNING id
)
SELECT id FROM opened;

-- name: open_refused
-- description: The same for what was refused before it was a transaction.
-- A refund names its original by reference, and may come from another terminal than the sale: what
-- has its batch and trace is another one.
WITH refused AS (
    SELECT merchant_id, id FROM refusals WHERE NOT cased ORDER BY received_at LIMIT :limit
), marked AS (
    UPDATE refusals r SET cased = true FROM refused f
    WHERE r.merchant_id = f.merchant_id AND r.id = f.id AND NOT r.cased
    RETURNING r.*
), first AS (
    SELECT DISTINCT ON (m.merchant_id, coalesce(o.id, m.id)) m.*, o.id AS original_id,
           coalesce(o.issuer_id, '') AS issuer_id, coalesce(o.currency, '156') AS currency
    FROM marked m
    LEFT JOIN transactions o
      ON o.merchant_id = m.merchant_id AND o.terminal_id = m.terminal_id
     AND o.batch = m.original_batch AND o.trace = m.original_trace
     AND m.kind NOT IN ({refunds})
    ORDER BY m.merchant_id, coalesce(o.id, m.id), m.kind NOT IN ({voids}), m.received_at
), opened AS (
    INSERT INTO cases (merchant_id, id, number, terminal_id, original_id, kind, amount, currency,
                       card_masked, issuer_id, opened_at, due_at, first_due_at, next_action_at)
    SELECT merchant_id, id, rrn, terminal_id, original_id, kind, amount, currency, card_masked,
           issuer_id, received_at, received_at + :due_in::interval,
           received_at + :due_in::interval, :now
    FROM first f
    WHERE f.original_id IS NULL OR NOT EXISTS (
        SELECT FROM cases c
        WHERE c.original_id = f.original_id AND c.merchant_id = f.merchant_id
          AND starts_with(c.ended, 'unproved'))
    ON CONFLICT (original_id, merchant_id) WHERE ended = '' AND original_id IS NOT NULL
    DO UPDATE SET next_action_at = least(cases.next_action_at, excluded.next_action_at)
    RETURNING id
)
SELECT id FROM opened;

-- name: unproved
-- description: Cases that ended unproved and of whose money nothing is under way any more.
-- `states` have no outcome. One whose original has an open case waits until that one has ended; one
-- whose original counts as given back by nothing that is seen stays as it is.
SELECT {columns} FROM cases t
WHERE t.ended = 'unproved'
  AND NOT EXISTS (
      SELECT FROM transactions x
      WHERE x.merchant_id = t.merchant_id AND x.id = ANY (ARRAY[t.id, t.original_id])
        AND x.state = ANY (:states::text[]))
  AND NOT EXISTS (
      SELECT FROM transactions x
      WHERE x.merchant_id = t.merchant_id AND x.original_id = t.original_id
        AND x.state = ANY (:states::text[]))
  AND NOT EXISTS (
      SELECT FROM cases c
      WHERE c.merchant_id = t.merchant_id AND c.original_id = t.original_id AND c.ended = '')
  AND NOT EXISTS (
      SELECT FROM transactions o
      WHERE o.merchant_id = t.merchant_id AND o.id = t.original_id
        AND o.state IN ('voided', 'refunded')
        AND NOT EXISTS (
            SELECT FROM transactions x
            WHERE x.merchant_id = t.merchant_id AND x.original_id = t.original_id
              AND x.state = 'approved'))
ORDER BY t.opened_at LIMIT :limit;

-- name: reopen
-- description: Take up a case again that had ended so, if nobody else has written it.
WITH written AS (
    UPDATE cases
    SET ended = '', ended_at = NULL, next_action_at = :now, task = '', events = :events,
        head = :head, leased_until = NULL, changed_at = now()
    WHERE merchant_id = :merchant AND id = :case AND events = :seen
      AND starts_with(ended, :ended)
    RETURNING merchant_id, id
), {lines}
SELECT id FROM written;

-- name: contradicted
-- description: Whether a case has ended otherwise than its transaction `id` has, which gives back money or would have.
-- What gave it back may also be another attempt; what was refused may have been an earlier one.
SELECT CASE WHEN t.state IN ({standing}) THEN
           c.ended = 'refused' AND (t.id = c.id OR t.received_at >= c.opened_at)
       ELSE c.ended IN ('voided', 'refunded') AND NOT EXISTS (
           SELECT FROM transactions x
           WHERE x.merchant_id = c.merchant_id AND x.original_id = c.original_id
             AND x.kind IN ({voids}, {refunds}) AND x.state IN ({standing})) END
FROM cases c
JOIN transactions t ON t.merchant_id = c.merchant_id AND t.original_id = c.original_id
WHERE c.merchant_id = :merchant AND c.id = :case AND t.id = :id AND t.kind IN ({voids}, {refunds});

-- name: claim
-- description: Take due cases until the lease ends.
WITH due AS (
    SELECT merchant_id, id FROM cases
    WHERE ended = '' AND next_action_at <= :now AND (leased_until IS NULL OR leased_until <= :now)
    ORDER BY next_action_at LIMIT :limit
)
UPDATE cases t SET leased_until = :until, leased_by = :node
FROM due d
WHERE t.merchant_id = d.merchant_id AND t.id = d.id AND t.ended_at IS NULL
  AND (t.leased_until IS NULL OR t.leased_until <= :now)
RETURNING {columns};

-- name: free_node
-- description: Give back what an earlier process of this node held when it ended.
UPDATE cases SET leased_until = NULL WHERE leased_by = :node AND ended = '' AND leased_until > :now;

-- name: release
-- description: Give a case back, to be looked at later.
UPDATE cases SET leased_until = NULL, next_action_at = greatest(next_action_at, :at)
WHERE merchant_id = :merchant AND id = :case AND ended_at IS NULL;

-- name: next_due
-- description: When the next case is due.
SELECT min(greatest(next_action_at, leased_until)) FROM cases WHERE ended = '';

-- name: find
-- description: The latest case with a number, or the case with an id.
SELECT {columns} FROM cases t WHERE t.number = :number OR t.id = :id
ORDER BY t.opened_at DESC LIMIT 1;

-- name: by_id
-- description: One case.
SELECT {columns} FROM cases t WHERE t.merchant_id = :merchant AND t.id = :case;

-- name: of_original
-- description: The case of an original, the open one before one that has ended.
SELECT {columns} FROM cases t WHERE t.merchant_id = :merchant AND t.original_id = :original
ORDER BY (t.ended = '') DESC, t.opened_at DESC LIMIT 1;

-- name: list
-- description: Cases, the most urgent first; all, or those whose money is in question.
SELECT {columns} FROM cases t WHERE NOT :only_open OR t.ended IN ('', 'unproved')
ORDER BY t.ended IN ('', 'unproved') DESC, t.task = '', t.first_due_at, t.opened_at LIMIT :limit;

-- name: events
-- description: The history of a case.
SELECT body, hash FROM case_events WHERE merchant_id = :merchant AND case_id = :case ORDER BY line;

-- name: whole
-- description: A case and its history, as they stood at one moment.
SELECT {columns}, e.body AS event_body, e.hash AS event_hash
FROM cases t
LEFT JOIN case_events e ON e.merchant_id = t.merchant_id AND e.case_id = t.id
WHERE t.merchant_id = :merchant AND t.id = :case ORDER BY e.line;

-- name: write
-- description: Change a case that is open, with all that goes with it, if nobody else has meanwhile.
-- That it gets on ends the fault which had stopped it.
WITH written AS (
    UPDATE cases SET {changed}, leased_until = :leased_until, changed_at = now()
    WHERE merchant_id = :merchant AND id = :case AND events = :seen AND ended_at IS NULL
    RETURNING merchant_id, id, number, terminal_id
), ended AS (
    SELECT merchant_id, 'case_fault' AS kind, id::text AS subject, :at::timestamptz AS at
    FROM written WHERE :gets_on
), over AS (
    {close_ended}
), {lines}, {besides}
SELECT id FROM written;

-- name: append
-- description: Add to the history of a case that may have ended.
WITH written AS (
    UPDATE cases SET events = :events, head = :head, confirmed = :confirmed, changed_at = now()
    WHERE merchant_id = :merchant AND id = :case AND events = :seen
    RETURNING merchant_id, id, number, terminal_id
), {lines}, {besides}
SELECT id FROM written;

-- name: lines
-- description: Part: add to the history of the case that was `written`.
lines AS (
    INSERT INTO case_events (merchant_id, case_id, line, body, hash)
    SELECT w.merchant_id, w.id, e.line, e.body, e.hash
    FROM written w, unnest(:lines::integer[], :bodies::text[], :hashes::bytea[])
        AS e (line, body, hash)
)

-- name: besides
-- description: Part: tell terminal and merchant of it, raise an incident, keep who did it and why.
told AS (
    INSERT INTO notices (merchant_id, id, terminal_id, case_id, text, created_at)
    SELECT merchant_id, gen_random_uuid(), terminal_id, id, :notice, :at::timestamptz
    FROM written WHERE :notice <> ''
), notified AS (
    INSERT INTO notifications (merchant_id, id, case_id, event, payload, created_at,
                               next_attempt_at)
    SELECT merchant_id, gen_random_uuid(), id, :event, :payload::jsonb, :at::timestamptz,
           :at::timestamptz
    FROM written WHERE :payload::jsonb IS NOT NULL
), raised AS (
    SELECT merchant_id, :incident AS kind, :subject AS subject, :transaction::uuid AS transaction_id,
           :params::jsonb AS params, :at::timestamptz AS at
    FROM written WHERE :incident <> ''
), opened AS (
    {open_raised}
), audited AS (
    INSERT INTO audit (id, at, who, role, action, object, reason, detail)
    SELECT gen_random_uuid(), :at::timestamptz, :who, :role, :action, 'case ' || number, :reason,
           jsonb_build_object('case', id)
    FROM written WHERE :who <> ''
)

-- name: nudge
-- description: Let a case be looked at now.
UPDATE cases SET next_action_at = :at
WHERE merchant_id = :merchant AND id = :case AND ended_at IS NULL;

-- name: repair
-- description: Let a case be looked at now that nobody holds and whose world has moved on.
UPDATE cases c SET next_action_at = :at
WHERE c.merchant_id = :merchant AND c.id = :case AND c.ended_at IS NULL AND c.next_action_at > :at
  AND (c.leased_until IS NULL OR c.leased_until <= :at)
  AND EXISTS (
      SELECT 1 FROM transactions o
      WHERE o.merchant_id = :merchant AND o.id = c.original_id
        AND o.state IN ('voided', 'refunded', 'reversed')
      UNION ALL
      SELECT 1 FROM transactions t
      WHERE t.merchant_id = :merchant AND t.original_id = c.original_id AND t.state = 'reversed')
RETURNING id;
