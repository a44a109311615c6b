-- Breaks: where a file and the books differ, what money is in question, and how each ends.

-- name: of_rows
-- description: Open a break for each row of a file that agrees with nothing here, or with less than all.
-- Money as the issuer owes it us: what a row says, less what stands here for the same. Gives them,
-- with those that the file has had before where it is matched anew, which stay as they are.
WITH signed AS (
    SELECT r.*, coalesce(t.merchant_id, m.merchant_id, '') AS of_merchant, t.amount AS kept,
           CASE WHEN r.effect IN ('taken', 'returned') THEN 1 ELSE -1 END AS sign,
           -- What is taken back there and stands here is missing there whole.
           {state} IN ({standing}) AND NOT r.undoes AND r.outcome <> 'twice' AS stands
    FROM clearing_rows r
    LEFT JOIN transactions t ON t.id = coalesce(r.transaction_id, r.about)
    LEFT JOIN merchants m ON m.merchant_id = r.merchant_id
    WHERE r.file_id = :file
      AND r.outcome IN ('unknown', 'amount', 'currency', 'state', 'denied', 'twice', 'date', 'fee_differs')
), judged AS (
    SELECT *, CASE outcome WHEN 'unknown' THEN 'missing_here' WHEN 'denied' THEN 'state'
                           WHEN 'fee_differs' THEN 'fee' ELSE outcome END AS break,
           CASE outcome WHEN 'date' THEN 0 WHEN 'fee_differs' THEN 0 WHEN 'currency' THEN 0
                ELSE sign * amount - CASE WHEN stands THEN sign * kept ELSE 0 END END AS money
    FROM signed
), stays AS (
    SELECT b.id, j.line FROM judged j
    JOIN breaks b ON b.file_id = :file AND b.line = j.line AND b.kind = j.break AND b.money = j.money
     AND b.currency = j.currency AND b.transaction_id IS NOT DISTINCT FROM coalesce(j.transaction_id, j.about)
    WHERE b.state <> 'withdrawn'
), opened AS (
    INSERT INTO breaks (merchant_id, id, kind, file_id, line, transaction_id, money, currency, differs,
                        opened_at, due_at, state)
    SELECT of_merchant, gen_random_uuid(), break, :file, line, coalesce(transaction_id, about), money,
           currency, '{}', :now, :now::timestamptz + {patience}, 'open'
    FROM judged WHERE line NOT IN (SELECT line FROM stays)
    RETURNING id
)
SELECT id, true AS stays FROM stays UNION ALL SELECT id, false FROM opened;

-- name: of_missing
-- description: Open a break for what was expected until the day of this file at the latest, and has not come.
-- What gives back money for a sale that was told stands here and not there: the shop believes it void.
WITH due AS (
    UPDATE clearing_carried c SET found_in = :file
    WHERE c.found_in IS NULL AND c.due_on <= :settles_on::date
      AND EXISTS (SELECT FROM transactions t
                  WHERE t.merchant_id = c.merchant_id AND t.id = c.transaction_id
                    AND (:issuers::text[] = '{}' OR t.issuer_id = ANY (:issuers::text[])))
    RETURNING c.merchant_id, c.transaction_id, c.undoes
), others AS (  -- files that expect the same later
    UPDATE clearing_carried o SET found_in = :file
    FROM due d
    WHERE o.found_in IS NULL AND o.due_on > :settles_on::date
      AND o.transaction_id = d.transaction_id AND o.undoes = d.undoes
), judged AS (
    SELECT DISTINCT ON (t.id, d.undoes) t.merchant_id, t.id, d.undoes, t.currency,
           CASE WHEN d.undoes OR t.kind IN ({giving}) AND EXISTS (
                    SELECT FROM clearing_rows r WHERE r.transaction_id = t.original_id AND NOT r.undoes)
                THEN 'state' ELSE 'missing_there' END AS break,
           CASE WHEN t.kind IN ({taking}) THEN 1 ELSE -1 END
           * CASE WHEN d.undoes THEN t.amount WHEN {state} IN ({standing}) THEN -t.amount ELSE 0 END AS money
    FROM due d JOIN transactions t ON t.merchant_id = d.merchant_id AND t.id = d.transaction_id
), stays AS (
    SELECT b.id, j.id AS transaction_id, j.undoes FROM judged j
    JOIN breaks b ON b.file_id = :file AND b.line IS NULL AND b.transaction_id = j.id AND b.kind = j.break
     AND b.money = j.money
    WHERE b.state <> 'withdrawn'
), opened AS (
    INSERT INTO breaks (merchant_id, id, kind, file_id, transaction_id, money, currency, differs,
                        opened_at, due_at, state)
    SELECT merchant_id, gen_random_uuid(), break, :file, id, money, currency, '{}', :now,
           :now::timestamptz + {patience}, 'open'
    FROM judged WHERE (id, undoes) NOT IN (SELECT transaction_id, undoes FROM stays)
    RETURNING id
)
SELECT id, true AS stays FROM stays UNION ALL SELECT id, false FROM opened;

-- name: patience
-- description: Part: how long a break may wait, by the money in it.
CASE WHEN abs(money) >= :large::bigint THEN interval '1 hour' * :due_hours_large::integer
     ELSE interval '1 hour' * :due_hours::integer END

-- name: agreed
-- description: End breaks of earlier files that this one has put right: what was missing came, what stood was taken back.
UPDATE breaks b
SET state = 'agreed', ended_in = :file, decided_at = :now
FROM clearing_rows r
WHERE b.state IN ('open', 'asked') AND b.file_id <> :file AND r.file_id = :file
  AND {put_right};

-- name: put_right
-- description: Part: whether a row `r` of a later file puts a break `b` right.
r.transaction_id = b.transaction_id AND r.outcome IN ('matched', 'tolerated', 'done', 'not_done')
AND (b.line IS NULL OR b.kind = 'state' AND r.undoes)

-- name: ended_in
-- description: Breaks that a file has ended.
SELECT id, merchant_id FROM breaks WHERE ended_in = :file AND state = 'agreed';

-- name: hold_money
-- description: Put the money of breaks into suspense, so that what issuers owe is what their files say.
WITH postings AS (
    SELECT merchant_id, id AS subject, 'break' AS kind,
           coalesce((SELECT max(e.line) FROM entries e
                     WHERE e.subject = b.id AND e.kind = 'break'), 0) + 1 AS line,
           CASE WHEN money > 0 THEN 'issuer_receivable' ELSE 'suspense' END AS debit,
           CASE WHEN money > 0 THEN 'suspense' ELSE 'issuer_receivable' END AS credit,
           abs(money) AS amount, currency, :business_date::date AS business_date,
           :now::timestamptz AS posted_at
    FROM breaks b
    WHERE b.id = ANY (:ids::uuid[]) AND money <> 0 AND merchant_id <> ''
), {posted}
SELECT count(*) FROM posted;

-- name: free_money
-- description: Take the money of breaks out of suspense again: it is as our books had it.
WITH held AS (
    SELECT e.merchant_id, e.subject, e.currency,
           sum(CASE 'suspense' WHEN e.credit THEN e.amount WHEN e.debit THEN -e.amount ELSE 0 END) AS left_over,
           max(e.line) FILTER (WHERE e.kind = 'break_end') AS last
    FROM entries e
    WHERE e.subject = ANY (:ids::uuid[]) AND e.kind IN ('break', 'break_end')
    GROUP BY e.merchant_id, e.subject, e.currency
), postings AS (
    SELECT merchant_id, subject, 'break_end' AS kind, coalesce(last, 0) + 1 AS line,
           CASE WHEN left_over > 0 THEN 'suspense' ELSE 'issuer_receivable' END AS debit,
           CASE WHEN left_over > 0 THEN 'issuer_receivable' ELSE 'suspense' END AS credit,
           abs(left_over) AS amount, currency, :business_date::date AS business_date,
           :now::timestamptz AS posted_at
    FROM held WHERE left_over <> 0
), {posted}
SELECT count(*) FROM posted;

-- name: facts
-- description: What is known of each break of a file that has no cause yet: the row, the transaction, what its issuer is owed.
SELECT b.id, b.merchant_id, b.kind AS break, b.line, b.money, b.transaction_id,
       r.effect, r.amount AS row_amount, r.currency AS row_currency, r.fee AS row_fee, r.rrn AS row_rrn,
       r.trace AS row_trace, r.terminal_id AS row_terminal, r.sent_at AS row_sent_at, r.code AS row_code,
       r.card_masked AS row_card, r.auth_code AS row_auth_code, r.undone AS row_flag, r.undoes,
       r.merchant_id AS row_merchant, r.outcome, k.merchant_id IS NOT NULL AS known_merchant,
       t.kind, {state} AS state, t.sent, t.amount, t.currency, t.response_code, t.late_code, t.why, t.rrn, t.trace,
       t.terminal_id, t.auth_code, t.received_at, t.answered_at, t.ended_at, t.business_date, t.origin,
       t.card_masked, t.reversal_reason, t.undone AS given_back,
       o.pending AS reversal_open, o.attempts AS reversal_tries, o.last_code AS reversal_code,
       d.claimed, d.kept, a.settled_at, a.balanced,
       cost.amount AS cost,
       f.transaction_id IS NOT NULL AS foretold
FROM breaks b
LEFT JOIN clearing_rows r ON r.file_id = b.file_id AND r.line = b.line
LEFT JOIN merchants k ON k.merchant_id = r.merchant_id
LEFT JOIN transactions t ON t.id = b.transaction_id AND t.merchant_id = b.merchant_id
LEFT JOIN outbox o ON o.merchant_id = t.merchant_id AND o.transaction_id = t.id AND o.kind = 'reversal'
LEFT JOIN batch_differences d ON d.merchant_id = t.merchant_id AND d.terminal_id = t.terminal_id
                             AND d.batch = t.batch AND d.trace = t.trace
LEFT JOIN batches a ON a.merchant_id = t.merchant_id AND a.terminal_id = t.terminal_id AND a.batch = t.batch
LEFT JOIN LATERAL (
    SELECT sum(CASE e.debit WHEN 'scheme_cost' THEN e.amount ELSE -e.amount END)::bigint AS amount
    FROM entries e WHERE e.subject = t.id AND e.kind = 'approval'
      AND 'scheme_cost' IN (e.debit, e.credit)) cost ON true
LEFT JOIN foretold f ON f.merchant_id = b.merchant_id AND f.transaction_id = b.transaction_id
                    AND f.gone_at IS NULL
WHERE b.file_id = :file AND b.cause = '' AND b.state <> 'withdrawn';

-- name: caused
-- description: Keep what causes breaks, the fields that differ, and whether they were foretold.
UPDATE breaks b SET cause = c.cause, differs = c.differs, facts = c.facts, foretold = c.foretold
FROM unnest(:ids::uuid[], :causes::text[], :differs::jsonb[], :facts::jsonb[], :foretold::boolean[])
    AS c (id, cause, differs, facts, foretold)
WHERE b.id = c.id;

-- name: sums
-- description: What came of a file's rows, and the money in question, by kind.
SELECT kind, cause, currency, count(*)::integer AS count, sum(money)::bigint AS money,
       sum(abs(money))::bigint AS in_question, count(*) FILTER (WHERE foretold)::integer AS foretold
FROM breaks WHERE file_id = :file AND state <> 'withdrawn'
GROUP BY kind, cause, currency ORDER BY kind, cause;

-- name: outcomes
-- description: How many rows of a file came to what, and the money they tell of.
SELECT outcome, currency, count(*)::integer AS count,
       sum(CASE WHEN effect IN ('taken', 'returned') THEN amount WHEN effect = 'fee' THEN 0 ELSE -amount END)::bigint AS money
FROM clearing_rows WHERE file_id = :file GROUP BY outcome, currency ORDER BY outcome, currency;

-- name: carried_on
-- description: What of a file is expected in one of the next.
SELECT count(*)::integer FROM clearing_carried WHERE file_id = :file AND found_in IS NULL;

-- name: first
-- description: The first breaks of a file, the largest first.
SELECT id, merchant_id, kind, line, transaction_id, money, currency, differs, cause, facts, foretold
FROM breaks WHERE file_id = :file AND state <> 'withdrawn' ORDER BY abs(money) DESC, id LIMIT :most;
