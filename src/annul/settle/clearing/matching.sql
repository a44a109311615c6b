-- The rows of a file find the transactions that they tell of. Each step takes what the ones before it left.

-- name: one_at_a_time
-- description: Let nobody else commit or discard a file until the database's transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('annul clearing', 0));

-- name: covers_from
-- description: The first day of which no committed file of the same issuers has told; the file's own where there is none.
SELECT coalesce(max(f.settles_on) + 1, :settles_on::date) FROM clearing_files f
WHERE f.state = 'committed' AND f.settles_on < :settles_on::date
  AND (f.issuers = '{}' OR :issuers::text[] = '{}' OR f.issuers && :issuers::text[]);

-- name: aside
-- description: Let rows of which nothing is kept stand beside the others, until the database's transaction ends.
SELECT preview_clearing();

-- name: by_reference
-- description: Keep all rows of a file, each with the transaction of its reference number and shop.
-- What was told before, in another file or further up, may not be told again: such a row is about it and
-- counts for nothing. A row with a fee alone, or of a chargeback, tells of nothing.
WITH found AS (
    SELECT s.*, {undoes} AS undoes, t.id, {outcome} AS outcome,
           row_number() OVER (PARTITION BY t.id, {undoes} ORDER BY s.line) AS nth
    FROM clearing_staged s
    LEFT JOIN transactions t
        ON t.rrn = s.rrn AND t.merchant_id = s.merchant_id AND s.rrn <> '' AND s.effect NOT IN ('fee', 'claimed')
       AND t.kind IN ({taking}, {giving})
       AND (t.kind IN ({taking})) = (s.effect IN ('taken', 'reversed'))
    WHERE s.file_id = :file
), told AS (
    SELECT f.*, f.id IS NOT NULL AND (f.nth > 1 OR d.line IS NOT NULL) AS again
    FROM found f
    LEFT JOIN clearing_rows d ON d.transaction_id = f.id AND d.undoes = f.undoes
)
INSERT INTO clearing_rows{previewed} (
    file_id, line, merchant_id, terminal_id, trace, rrn, auth_code, card_hash, card_masked, kind,
    effect, amount, currency, fee, sent_at, settles_on, code, original_trace, undone,
    transaction_id, undoes, outcome, about)
SELECT file_id, line, merchant_id, terminal_id, trace, rrn, auth_code, card_hash, card_masked, kind,
       effect, amount, currency, fee, sent_at, settles_on, code, original_trace, undone,
       CASE WHEN NOT again THEN id END, undoes, CASE WHEN again THEN 'twice' ELSE outcome END,
       CASE WHEN again THEN id END
FROM told;

-- name: undoes
-- description: Part: whether a row `s` tells that something was taken back.
s.effect IN ('reversed', 'returned');

-- name: outcome
-- description: Part: what a row `s` comes to with its transaction `t`; to be judged if it is not plain.
-- `days` are those that count, each as MMDD in its place: made once, not for each row.
CASE WHEN s.effect IN ('fee', 'claimed') THEN s.effect
     WHEN t.id IS NULL THEN 'unknown'
     WHEN t.currency <> s.currency THEN 'currency'
     WHEN t.amount <> s.amount THEN 'amount'
     WHEN s.effect IN ('taken', 'given_back') AND {state} IN ({standing})
          AND t.business_date <= :settles_on::date
          AND t.business_date >= :covers_from::date - :carry_days::integer
          AND (s.sent_at = '' OR left(s.sent_at, 4)
               = (:days::text[])[t.business_date - (:covers_from::date - :carry_days::integer) + 1])
     THEN 'matched'
     ELSE 'judge' END

-- name: any_left
-- description: Whether a row of a file has found nothing yet.
SELECT EXISTS (SELECT FROM clearing_rows WHERE file_id = :file AND outcome = 'unknown');

-- name: left_over
-- description: Part: rows `s` of a file that have found nothing yet, as columns of a row are named.
(SELECT * FROM clearing_rows WHERE file_id = :file AND outcome = 'unknown') s

-- name: by_other
-- description: Give what has found nothing yet the one transaction that `{identified}` leads to, if it leads to one alone.
WITH candidates AS (
    SELECT s.line, t.id, count(*) OVER (PARTITION BY s.line) AS of_line,
           count(*) OVER (PARTITION BY t.id, s.undoes) AS of_transaction, {outcome} AS outcome
    FROM {left_over}
    JOIN transactions t
      ON {identified}
     AND (s.merchant_id = '' OR t.merchant_id = s.merchant_id)
     AND t.kind IN ({taking}, {giving})
     AND (t.kind IN ({taking})) = (s.effect IN ('taken', 'reversed'))
     AND t.received_at BETWEEN :since AND :until
    WHERE NOT EXISTS (SELECT FROM clearing_rows o
                      WHERE o.transaction_id = t.id AND o.undoes = s.undoes)
)
UPDATE clearing_rows r SET transaction_id = c.id, outcome = c.outcome
FROM candidates c
WHERE r.file_id = :file AND r.line = c.line AND c.of_line = 1 AND c.of_transaction = 1;

-- name: judge
-- description: Judge what is not plain by what is kept of the transaction and by all that files tell of it.
-- `verdict` says for a standing, whether it is told as done and as undone, what comes of it.
WITH {judged}
UPDATE clearing_rows r SET outcome = j.outcome FROM judged j
WHERE r.file_id = :file AND r.line = j.line;

-- name: tolerable
-- description: Say of which rows nothing differs but their amount.
WITH {judged}
UPDATE clearing_rows r SET outcome = 'tolerable' FROM judged j
WHERE r.file_id = :file AND r.line = j.line AND j.outcome = 'matched';

-- name: judged
-- description: Part: what comes of the rows of a file that have come to `{yet}`.
told AS (
    SELECT r.line, r.undoes, r.transaction_id, t.merchant_id, {state} AS state, t.kind,
           {ended_at} AS ended_at,
           t.business_date, t.received_at, r.sent_at, b.pending AND b.attempts > 0 AS tried,
           EXISTS (SELECT FROM clearing_rows d WHERE d.transaction_id = t.id AND NOT d.undoes) AS done,
           EXISTS (SELECT FROM clearing_rows d WHERE d.transaction_id = t.id AND d.undoes) AS undone
    FROM clearing_rows r
    JOIN transactions t ON t.id = r.transaction_id
    LEFT JOIN outbox b ON b.merchant_id = t.merchant_id AND b.transaction_id = t.id
                      AND b.kind = 'reversal'
    WHERE r.file_id = :file AND r.outcome = '{yet}'
), judged AS (
    SELECT line, CASE v.verdict
        WHEN 'plain' THEN CASE
            WHEN business_date > :settles_on::date + 1
              OR business_date < :covers_from::date - :carry_days::integer THEN 'date'
            WHEN sent_at <> '' AND NOT EXISTS (
                SELECT FROM generate_series(-1, 1) AS days (away)
                WHERE left(sent_at, 4) = to_char(
                    (received_at AT TIME ZONE :zone)::date + days.away, 'MMDD')) THEN 'date'
            ELSE 'matched' END
        -- A reversal that the issuer took after the day of the file is told in the next one.
        WHEN 'reversed' THEN CASE WHEN ended_at >= :day_ends::timestamptz - interval '1 minute' * :carry_minutes::integer
                                  THEN 'carried' ELSE 'denied' END
        -- While its reversal may just be on its way, that decides.
        WHEN 'reversing' THEN CASE WHEN kind IN ({giving}) AND NOT coalesce(tried, false)
                                   THEN 'done' ELSE 'state' END
        ELSE v.verdict END AS outcome
    FROM told
    JOIN unnest(:states::text[], :dones::boolean[], :undones::boolean[], :verdicts::text[])
        AS v (state, done, undone, verdict) USING (state, done, undone)
)

-- name: fees
-- description: Of rows that name what the issuer and its scheme charge: those whose charge here is another one.
-- An approval has one such entry at most: nearly all agree with it, and the rest is looked at again.
WITH told AS (
    SELECT r.line, coalesce(r.transaction_id, r.about) AS transaction_id, r.fee
    FROM clearing_rows r
    WHERE r.file_id = :file AND r.fee IS NOT NULL AND r.outcome IN ({agreeing})
      AND coalesce(r.transaction_id, r.about) IS NOT NULL
), doubtful AS MATERIALIZED (
    SELECT t.* FROM told t
    WHERE NOT EXISTS (SELECT FROM entries e
                      WHERE e.subject = t.transaction_id AND e.kind = 'approval'
                        AND 'scheme_cost' IN (e.debit, e.credit)
                        AND CASE e.debit WHEN 'scheme_cost' THEN e.amount ELSE -e.amount END = t.fee)
), differs AS (
    SELECT d.line FROM doubtful d
    WHERE d.fee <> 0
       OR EXISTS (SELECT FROM entries e WHERE e.subject = d.transaction_id AND e.kind = 'approval'
                                          AND 'scheme_cost' IN (e.debit, e.credit))
)
UPDATE clearing_rows r SET outcome = 'fee_differs'
WHERE r.file_id = :file AND r.line = ANY (ARRAY(SELECT line FROM differs));

-- name: fee_of
-- description: Rows that name a fee alone find the transaction by its reference number and shop.
UPDATE clearing_rows r SET about = t.id
FROM transactions t
WHERE r.file_id = :file AND r.outcome = 'fee' AND t.rrn = r.rrn AND t.merchant_id = r.merchant_id
  AND r.rrn <> '';

-- name: claim_of
-- description: Rows of chargebacks find the one sale of their reference number, and shop if they name one.
WITH found AS (
    SELECT s.line, min(t.id::text)::uuid AS id
    FROM clearing_rows s
    JOIN transactions t ON t.rrn = s.rrn AND t.kind IN ({taking})
                       AND (s.merchant_id = '' OR t.merchant_id = s.merchant_id)
    WHERE s.file_id = :file AND s.outcome = 'claimed' AND s.rrn <> ''
    GROUP BY s.line HAVING count(*) = 1
)
UPDATE clearing_rows r SET about = f.id FROM found f WHERE r.file_id = :file AND r.line = f.line;

-- name: expected
-- description: What stands here of the days of a file, or nobody knows, and has no row: it is missing.
-- What came shortly before the cut-over is expected in one of the next files.
INSERT INTO clearing_carried (merchant_id, transaction_id, undoes, file_id, due_on)
SELECT t.merchant_id, t.id, false, :file,
       :settles_on::date + CASE
           WHEN t.business_date = :settles_on::date
            AND t.received_at >= (t.business_date + :cut_over::time) AT TIME ZONE :zone
                                 - interval '1 minute' * :carry_minutes::integer
           THEN :carry_days::integer ELSE 0 END
FROM transactions t
WHERE t.received_at >= :since AND t.received_at < :until
  AND t.business_date BETWEEN :covers_from::date AND :settles_on::date
  AND (:issuers::text[] = '{}' OR t.issuer_id = ANY (:issuers::text[]))
  AND t.kind IN ({taking}, {giving})
  AND {state} IN ({standing}, 'unknown', 'reversing', 'sent', 'disputed')
  AND NOT EXISTS (SELECT FROM clearing_rows r WHERE r.transaction_id = t.id AND NOT r.undoes)
  AND NOT EXISTS (SELECT FROM clearing_carried c
                  WHERE c.transaction_id = t.id AND NOT c.undoes AND c.found_in IS NOT NULL);

-- name: untold_days
-- description: Go on expecting what came on earlier days of which a file tells less than it lacks: theirs is late.
WITH lacks AS (
    SELECT t.business_date, count(*) AS rows
    FROM clearing_carried c
    JOIN transactions t ON t.merchant_id = c.merchant_id AND t.id = c.transaction_id
    WHERE c.file_id = :file AND t.business_date < :settles_on::date GROUP BY t.business_date
), tells AS (
    SELECT t.business_date, count(*) AS rows
    FROM clearing_rows r JOIN transactions t ON t.id = r.transaction_id
    WHERE r.file_id = :file AND t.business_date < :settles_on::date GROUP BY t.business_date
), late AS (
    SELECT business_date FROM lacks l LEFT JOIN tells s USING (business_date)
    WHERE coalesce(s.rows, 0) < l.rows
)
UPDATE clearing_carried c SET due_on = :settles_on::date + greatest(:carry_days::integer, 1)
FROM transactions t JOIN late USING (business_date)
WHERE c.file_id = :file AND t.merchant_id = c.merchant_id AND t.id = c.transaction_id;

-- name: expected_undone
-- description: What was told as done and is reversed here since: its reversal is expected in one of the next files.
INSERT INTO clearing_carried (merchant_id, transaction_id, undoes, file_id, due_on)
SELECT t.merchant_id, t.id, true, :file, :settles_on::date + :carry_days::integer
FROM clearing_rows r JOIN transactions t ON t.id = r.transaction_id
WHERE r.file_id = :file AND r.outcome = 'carried';

-- name: arrived
-- description: What was expected and has a row by now, or is expected no longer, has come.
UPDATE clearing_carried c SET found_in = :file
FROM transactions t
WHERE c.found_in IS NULL AND t.merchant_id = c.merchant_id AND t.id = c.transaction_id
  AND (EXISTS (SELECT FROM clearing_rows r
               WHERE r.transaction_id = c.transaction_id AND r.undoes = c.undoes)
       OR NOT c.undoes AND {state} IN ('declined', 'reversed'));

-- name: netted
-- description: What comes to the same as a whole: a sale and what gives it back, told as one or not at all; or parts.
-- Of a family of transactions: rows of this file that fit none alone, and what no row tells of.
WITH members AS (
    SELECT coalesce(t.original_id, t.id) AS family, t.id, r.line, t.currency,
           CASE WHEN r.effect IN ('taken', 'returned') THEN r.amount ELSE -r.amount END AS theirs,
           r.currency AS of_row
    FROM clearing_rows r JOIN transactions t ON t.id = coalesce(r.transaction_id, r.about)
    WHERE r.file_id = :file AND r.outcome IN ('amount', 'twice')
    UNION ALL
    SELECT coalesce(t.original_id, t.id), t.id, NULL, t.currency, 0, t.currency
    FROM clearing_carried c JOIN transactions t ON t.merchant_id = c.merchant_id AND t.id = c.transaction_id
    WHERE c.file_id = :file AND c.found_in IS NULL AND NOT c.undoes AND {state} IN ({standing})
), ours AS (
    SELECT m.family, m.id, CASE WHEN t.kind IN ({taking}) THEN t.amount ELSE -t.amount END AS amount
    FROM (SELECT DISTINCT family, id FROM members) m JOIN transactions t ON t.id = m.id
    -- What a row of its own tells of counts on neither side.
    WHERE NOT EXISTS (SELECT FROM clearing_rows r
                      WHERE r.transaction_id = m.id AND NOT r.undoes AND r.outcome = 'matched')
), equal AS (
    SELECT family FROM members GROUP BY family
    HAVING count(*) > 1 AND bool_and(currency = of_row)
       AND sum(theirs) = (SELECT sum(o.amount) FROM ours o WHERE o.family = members.family)
), found AS (
    UPDATE clearing_carried c SET found_in = :file
    FROM members m JOIN equal USING (family)
    WHERE m.line IS NULL AND c.file_id = :file AND c.transaction_id = m.id AND NOT c.undoes
)
UPDATE clearing_rows r SET outcome = 'netted'
FROM members m JOIN equal USING (family)
WHERE r.file_id = :file AND r.line = m.line;
