-- What rows prove of transactions: kept with the commit of their file, then carried out one by one.

-- name: prove
-- description: Keep what the rows of a file prove, but for what it has proved before, where it is matched anew.
WITH proved AS MATERIALIZED ({of_rows})
INSERT INTO clearing_proofs (merchant_id, id, transaction_id, file_id, line, proves, was, was_code,
                             was_ended_at, row, found_at)
SELECT n.merchant_id, gen_random_uuid(), n.transaction_id, :file, n.line, n.proves, n.was, n.was_code,
       n.was_ended_at, n.row, :now::timestamptz
FROM proved n
WHERE NOT EXISTS (SELECT FROM clearing_proofs p
                  WHERE p.transaction_id = n.transaction_id AND p.file_id = :file AND {holds}
                    AND p.line IS NOT DISTINCT FROM n.line AND p.proves = n.proves);

-- name: of_rows
-- description: Part: what a file proves as its rows are matched now, with how each transaction stood before.
SELECT t.merchant_id, t.id AS transaction_id, r.line, r.outcome AS proves, {state} AS was, {code} AS was_code,
       {ended_at} AS was_ended_at,
       jsonb_build_object('line', r.line, 'effect', r.effect, 'amount', r.amount,
                          'currency', r.currency, 'rrn', r.rrn, 'trace', r.trace,
                          'terminal', r.terminal_id, 'card', r.card_masked, 'sent_at', r.sent_at,
                          'auth_code', r.auth_code) AS row
FROM clearing_rows r JOIN transactions t ON t.id = r.transaction_id
WHERE r.file_id = :file AND r.outcome IN ('done', 'not_done', 'denied')
  -- Two rows of one transaction, that it was done and taken back, prove one thing.
  AND NOT (r.outcome = 'not_done' AND NOT r.undoes AND EXISTS (
      SELECT FROM clearing_rows o WHERE o.file_id = r.file_id AND o.transaction_id = r.transaction_id AND o.undoes))
UNION ALL
-- Told as done in a file before, and its reversal, that the issuer had acknowledged, is not told in time.
SELECT t.merchant_id, t.id, NULL, 'denied', {state}, {code}, {ended_at},
       jsonb_build_object('amount', t.amount, 'currency', t.currency, 'rrn', t.rrn)
FROM breaks b JOIN transactions t ON t.merchant_id = b.merchant_id AND t.id = b.transaction_id
WHERE b.file_id = :file AND b.line IS NULL AND b.kind = 'state' AND b.state <> 'withdrawn'
  AND {state} = 'reversed';

-- name: holds
-- description: Part: whether a proof `p` was found by its row, and still has what it proves.
p.break_id IS NULL AND p.discarded_at IS NULL AND p.came IS DISTINCT FROM 'overtaken'

-- name: count
-- description: How much a file proves by its rows.
SELECT count(*)::integer FROM clearing_proofs p
WHERE p.file_id = :file AND p.break_id IS NULL AND p.discarded_at IS NULL;

-- name: outdated
-- description: Let be undone what a file that is matched anew proves no longer, and what people said by breaks that it has no more.
WITH proved AS MATERIALIZED ({of_rows})
UPDATE clearing_proofs p SET discarded_at = :now
WHERE p.file_id = :file AND p.discarded_at IS NULL
  AND (p.break_id = ANY (:breaks::uuid[])
       OR p.break_id IS NULL AND NOT ({holds} AND EXISTS (
              SELECT FROM proved n
              WHERE n.transaction_id = p.transaction_id AND n.proves = p.proves
                AND coalesce(n.line, 0) = coalesce(p.line, 0))));

-- name: waiting
-- description: Proofs that are not carried out, the oldest first; then those of discarded files, the latest first.
SELECT p.merchant_id, p.id, p.transaction_id, p.file_id, p.line, p.proves, p.was, p.was_code, p.break_id, p.row, p.found_at,
       p.came, p.carried_at, p.discarded_at, coalesce(f.name, '') AS file_name, coalesce(f.digest, '') AS digest,
       f.settles_on
FROM clearing_proofs p
-- A merchant that came from another cell has left the file there.
LEFT JOIN clearing_files f ON f.id = p.file_id
JOIN merchants m ON m.merchant_id = p.merchant_id
WHERE (p.carried_at IS NULL OR p.discarded_at IS NOT NULL AND p.undone_at IS NULL) AND m.lives = 'here'
  AND (p.tried_at IS NULL OR p.tried_at < :before)
  -- What a file proved before it was matched anew is undone first.
  AND (p.discarded_at IS NOT NULL OR NOT EXISTS (
      SELECT FROM clearing_proofs o
      WHERE o.transaction_id = p.transaction_id AND o.discarded_at IS NOT NULL AND o.undone_at IS NULL))
ORDER BY p.discarded_at IS NOT NULL, CASE WHEN p.discarded_at IS NULL THEN p.found_at END,
         p.found_at DESC, p.id
LIMIT :most;

-- name: tried
-- description: Keep that a proof could not be carried out now, so that it holds up no other.
UPDATE clearing_proofs SET tried_at = :now WHERE merchant_id = :merchant AND id = :id;

-- name: transactions
-- description: The transactions of proofs.
SELECT {columns} FROM transactions t
JOIN unnest(:merchants::text[], :ids::uuid[]) AS k (merchant_id, id) USING (merchant_id, id);

-- name: cases_of
-- description: The case of each transaction, of its original or of what refers to it: an open one first.
SELECT k.place, {case}
FROM unnest(:merchants::text[], :ids::uuid[], :originals::uuid[])
     WITH ORDINALITY AS k (merchant, id, original, place)
CROSS JOIN LATERAL (
    SELECT * FROM cases c
    WHERE c.merchant_id = k.merchant
      AND (c.id = k.id OR c.original_id = k.id OR c.original_id = k.original)
    ORDER BY c.ended = '' DESC, c.ended = 'unproved' DESC, c.opened_at DESC LIMIT 1) t;

-- name: close_incidents
-- description: Close what was opened about the money of transactions.
WITH ended AS (
    SELECT t.merchant_id, kind, t.subject, t.at
    FROM unnest(ARRAY['disputed', 'outcome_unproved', 'conclusion_waits', 'forward_reversal',
                      'forward_advice']) AS kind
    CROSS JOIN unnest(:merchants::text[], :subjects::text[], :times::timestamptz[])
        AS t (merchant_id, subject, at)
    -- A case that ended unproved is taken up once all of it is decided; somebody is told of it until then.
    WHERE kind <> 'outcome_unproved' OR NOT EXISTS (
        SELECT FROM cases c
        WHERE c.merchant_id = t.merchant_id AND c.id = t.subject::uuid AND c.ended = 'unproved')
)
{close_ended};

-- name: carried
-- description: Keep that proofs were carried out, or that something else was faster.
-- One of a discarded file that was given up as not carried out, while it was just that, is undone after all.
UPDATE clearing_proofs p SET came = k.came, carried_at = k.at, undone_at = NULL
FROM unnest(:merchants::text[], :ids::uuid[], :cames::text[], :times::timestamptz[])
    AS k (merchant, id, came, at)
WHERE p.merchant_id = k.merchant AND p.id = k.id
  AND (p.carried_at IS NULL OR p.undone_at IS NOT NULL AND p.came = 'overtaken' AND k.came = 'moved');

-- name: undone
-- description: Keep that what a discarded file had proved is undone.
UPDATE clearing_proofs SET undone_at = :now, carried_at = coalesce(carried_at, :now),
       came = coalesce(came, 'overtaken')
WHERE merchant_id = :merchant AND id = :id AND undone_at IS NULL
RETURNING id;

-- name: discard
-- description: Let what a file has proved be undone.
UPDATE clearing_proofs SET discarded_at = :now WHERE file_id = :file AND discarded_at IS NULL;

-- name: by_people
-- description: Keep what two people have said of a transaction by ending a break; the file's row is their evidence.
INSERT INTO clearing_proofs (merchant_id, id, transaction_id, file_id, line, proves, was, was_code, was_ended_at,
                             break_id, row, found_at)
SELECT t.merchant_id, gen_random_uuid(), t.id, b.file_id, b.line, :proves, t.state, t.response_code, t.ended_at,
       b.id, b.differs, :now
FROM breaks b JOIN transactions t ON t.merchant_id = b.merchant_id AND t.id = b.transaction_id
WHERE b.id = :id;

-- name: deny
-- description: The issuer has booked what it had said it had not: a dispute, that holds the original again if that is free.
WITH p AS (
    SELECT * FROM clearing_proofs WHERE merchant_id = :merchant AND id = :id AND carried_at IS NULL
), asked AS (
    SELECT t.merchant_id, t.id, t.original_id, t.amount, t.kind FROM transactions t
    JOIN p ON p.merchant_id = t.merchant_id AND p.transaction_id = t.id
    WHERE t.state = p.was
    FOR UPDATE OF t
), held AS (
    UPDATE transactions o
    SET undone = o.undone + a.amount, undoing = o.undoing + a.amount
    FROM asked a
    WHERE o.merchant_id = a.merchant_id AND o.id = a.original_id
      AND o.amount - o.undone - o.charged_back >= a.amount
      AND (a.kind IN ({refunds}) OR o.undone = 0)
    RETURNING o.id, a.amount
)
UPDATE transactions t
SET state = 'disputed', ended_at = NULL, holds = coalesce((SELECT amount FROM held), 0)
FROM asked a
WHERE t.merchant_id = a.merchant_id AND t.id = a.id AND t.state IN ('declined', 'reversed')
RETURNING t.id, t.holds;

-- name: undo
-- description: A transaction is again what it was before a proof of a file that is discarded; gives nothing when it has moved on.
-- Money that moved with the proof moves back; what it had given free of its original is held again.
WITH p AS (
    SELECT p.*, :now::timestamptz AS now FROM clearing_proofs p
    WHERE p.merchant_id = :merchant AND p.id = :id AND p.came = 'moved' AND p.undone_at IS NULL
), asked AS (
    SELECT t.merchant_id, t.id, t.original_id, t.amount, t.kind, t.holds, t.state, t.currency, p.was,
           p.was_code, p.was_ended_at, p.proves, p.found_at, p.now, b.sources
    FROM transactions t JOIN p ON p.merchant_id = t.merchant_id AND p.transaction_id = t.id
    JOIN unnest(:befores::text[], :sources::text[]) AS b (was, sources) ON b.was = p.was
    WHERE t.undone + t.charged_back = 0 AND t.state = ANY (string_to_array(b.sources, ','))
      AND (p.proves = 'done') = (t.state = 'approved')
      AND (p.proves = 'denied') = (t.state = 'disputed')
      AND (p.proves = 'denied' OR t.why = '{proved}')
    FOR UPDATE OF t
), original AS (
    UPDATE transactions t
    SET state = (
            SELECT CASE WHEN (t.state, n.becomes) IN ({moves}) THEN n.becomes ELSE t.state END
            FROM (SELECT CASE
                WHEN a.proves = 'done' AND t.undone > a.holds THEN 'partly_refunded'
                WHEN a.proves = 'done' THEN 'approved'
                WHEN a.was = 'approved' AND a.makes = 'refunded' AND t.undone + a.amount < t.amount
                THEN 'partly_refunded'
                WHEN a.was = 'approved' THEN a.makes END AS becomes) n),
        undone = t.undone + CASE a.proves WHEN 'not_done' THEN a.amount WHEN 'denied' THEN -a.holds
                                          ELSE 0 END,
        undoing = t.undoing + CASE WHEN a.was = 'approved' THEN 0
                                   WHEN a.proves = 'not_done' THEN a.amount
                                   WHEN a.proves = 'denied' THEN -a.holds ELSE a.holds END
    FROM (SELECT a.*, m.makes FROM asked a
          JOIN unnest(:kinds::text[], :makes::text[]) AS m (kind, makes) USING (kind)) a
    WHERE t.merchant_id = a.merchant_id AND t.id = a.original_id
      AND (a.proves <> 'not_done' OR t.amount - t.undone - t.charged_back >= a.amount)
    RETURNING t.id
), moved AS (
    UPDATE transactions t
    SET state = a.was, response_code = a.was_code, why = CASE a.proves WHEN 'denied' THEN t.why ELSE '' END,
        holds = CASE a.proves WHEN 'denied' THEN 0
                              WHEN 'not_done' THEN CASE WHEN a.original_id IS NULL THEN 0 ELSE a.amount END
                              ELSE a.holds END,
        ended_at = CASE WHEN a.was IN ('declined', 'reversed', 'approved')
                        THEN coalesce(a.was_ended_at, a.now) END
    FROM asked a
    WHERE t.merchant_id = a.merchant_id AND t.id = a.id
      AND t.state = ANY (string_to_array(a.sources, ','))
      AND (a.original_id IS NULL OR EXISTS (SELECT FROM original))
    RETURNING t.merchant_id, t.id, t.currency, a.was, a.found_at, a.now
), owed AS (
    UPDATE outbox b SET pending = true, done_at = NULL, leased_until = NULL, next_attempt_at = m.now
    FROM moved m
    WHERE b.merchant_id = m.merchant_id AND b.transaction_id = m.id
      -- A dispute may have owed one or not: what the proof ended was still owed until then.
      AND (m.was IN ('unknown', 'reversing') OR m.was = 'disputed' AND b.done_at >= m.found_at)
), postings AS (
    SELECT e.merchant_id, e.subject, 'adjustment' AS kind,
           coalesce((SELECT max(x.line) FROM entries x
                     WHERE x.subject = e.subject AND x.kind = 'adjustment'), 0)
           + row_number() OVER (ORDER BY e.kind, e.line) AS line,
           e.credit AS debit, e.debit AS credit, e.amount, e.currency,
           :business_date::date AS business_date, m.now AS posted_at
    FROM moved m
    JOIN entries e ON e.merchant_id = m.merchant_id AND e.subject = m.id
                  AND e.posted_at >= m.found_at
), {nothing_freed}, {posted}, {balanced}
SELECT id FROM moved;
