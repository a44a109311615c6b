-- Payouts: made of all that a merchant has available, put into files, or given up before.

-- name: claim
-- description: Take payouts for a while; gives whether they were made for a time of the schedule, nothing while another process has them.
UPDATE books SET paying_until = :until
WHERE paying_until IS NULL OR paying_until <= :now
RETURNING coalesce(paid_to BETWEEN :slot AND :now, false) AS made;

-- name: release
-- description: Give them back, unless somebody else has taken them since.
UPDATE books SET paying_until = NULL WHERE paying_until = :until;

-- name: made_to
-- description: Keep up to which time of the schedule they were made; one that is still to come is of a clock that was wrong.
UPDATE books SET paid_to = :slot WHERE paid_to < :slot OR paid_to > :now;

-- name: lock_payable
-- description: The next merchants that have something available, and their accounts; held until the transaction ends.
-- What voids on their way need, and what is missing of pending money, stays.
SELECT b.merchant_id, b.currency, a.id AS account_id
FROM merchant_balances b
JOIN merchants m USING (merchant_id)
JOIN payout_accounts a ON a.merchant_id = b.merchant_id AND a.currency = b.currency
                      AND a.state = 'used'
LEFT JOIN LATERAL (
    SELECT minimum FROM settlement_terms t
    WHERE t.merchant_id = b.merchant_id AND t.valid_from <= :business_date
    ORDER BY t.valid_from DESC LIMIT 1) t ON true
WHERE b.merchant_id > :after AND b.available > 0 AND b.available >= coalesce(t.minimum, 0)
  AND m.lives = 'here'
  AND b.pending >= CASE WHEN m.pending_covers THEN b.reserved ELSE 0 END
  AND (m.pending_covers OR b.reserved = 0)
ORDER BY b.merchant_id, b.currency LIMIT :most
FOR UPDATE OF b;

-- name: make
-- description: Make payouts of merchants whose balances are held by a statement before, so that nothing moves meanwhile.
-- Its number begins with the mark of the cell, by which others know that it is none of theirs.
-- A payout takes all that no other has, which is the balance; where it is not, nothing is paid.
WITH payable AS (
    SELECT b.merchant_id, b.currency, b.available, k.account_id
    FROM unnest(:merchants::text[], :currencies::text[], :accounts::uuid[])
        AS k (merchant_id, currency, account_id)
    JOIN merchant_balances b USING (merchant_id, currency)
), items AS (
    SELECT p.merchant_id, p.currency, sum(i.amount) AS amount
    FROM payable p
    CROSS JOIN LATERAL (
        SELECT d.net - d.fee AS amount FROM merchant_days d
        WHERE d.merchant_id = p.merchant_id AND d.currency = p.currency
          AND d.available_at IS NOT NULL AND d.payout_id IS NULL
        UNION ALL
        SELECT v.amount FROM account_moves v
        WHERE v.merchant_id = p.merchant_id AND v.currency = p.currency
          AND v.state = 'done' AND v.payout_id IS NULL) i
    GROUP BY p.merchant_id, p.currency
), made AS (
    INSERT INTO payouts (merchant_id, id, currency, amount, account_id, run_on, state, made_by, made_at)
    SELECT p.merchant_id, overlay(gen_random_uuid()::text PLACING :mark FROM 1)::uuid, p.currency,
           p.available, p.account_id, :run_on,
           CASE WHEN p.available >= :second_person_from THEN 'held' ELSE 'ready' END, :who, :now
    FROM payable p JOIN items i USING (merchant_id, currency)
    WHERE i.amount = p.available
    RETURNING merchant_id, id, currency, amount, state
), days AS (
    UPDATE merchant_days d SET payout_id = m.id FROM made m
    WHERE d.merchant_id = m.merchant_id AND d.currency = m.currency
      AND d.available_at IS NOT NULL AND d.payout_id IS NULL
), moves AS (
    UPDATE account_moves v SET payout_id = m.id FROM made m
    WHERE v.merchant_id = m.merchant_id AND v.currency = m.currency
      AND v.state = 'done' AND v.payout_id IS NULL
), postings AS (
    SELECT merchant_id, id AS subject, 'payout' AS kind, 1 AS line, 'merchant_available' AS debit,
           'merchant_in_payout' AS credit, amount, currency, :business_date::date AS business_date,
           :now::timestamptz AS posted_at
    FROM made
), {nothing_freed}, {posted}, {balanced}, told AS (
    {tell}
    SELECT merchant_id, gen_random_uuid(), id, 'payout.made',
           jsonb_build_object('payout', id, 'amount', amount, 'currency', currency, 'state', state),
           :now::timestamptz, :now::timestamptz
    FROM made
)
SELECT count(*) AS made, count(*) FILTER (WHERE state = 'held') AS held FROM made;

-- name: tell
-- description: Part: where a merchant is told something of its own, before what is told.
INSERT INTO notifications (merchant_id, id, case_id, event, payload, created_at, next_attempt_at)

-- name: currencies
-- description: In which currencies payouts go into the next file.
SELECT DISTINCT currency FROM payouts WHERE state = 'ready' ORDER BY currency;

-- name: to_file
-- description: The next payouts for a file, held until the transaction ends.
SELECT p.merchant_id, p.id, p.amount, a.id AS account_id, a.holder, a.bank, a.sealed
FROM payouts p JOIN payout_accounts a ON a.merchant_id = p.merchant_id AND a.id = p.account_id
JOIN merchants m ON m.merchant_id = p.merchant_id
WHERE p.state = 'ready' AND p.currency = :currency AND m.lives = 'here' AND a.state = 'used'
ORDER BY p.id LIMIT :most FOR UPDATE OF p SKIP LOCKED;

-- name: filed
-- description: Keep a file, and that these payouts are in it.
WITH file AS (
    INSERT INTO payout_files (id, name, format, currency, payouts, total, sealed, digest, made_at)
    VALUES (:file, :name, :format, :currency, cardinality(:ids::uuid[]), :total, :sealed, :digest, :now)
)
UPDATE payouts SET state = 'filed', file_id = :file
WHERE id = ANY(:ids::uuid[]) AND merchant_id = ANY(:merchants::text[]) AND state = 'ready';

-- name: decide
-- description: Approve a payout that waits for a second person.
UPDATE payouts SET state = 'ready', decided_by = :who, decided_at = :now
WHERE merchant_id = :merchant AND id = :id AND state = 'held'
  AND EXISTS (SELECT FROM merchants WHERE merchant_id = :merchant AND lives = 'here')
RETURNING id;

-- name: cancel
-- description: Give up a payout that stands in no file yet; its money is available again.
WITH moment AS (
    SELECT :now::timestamptz AS now, :business_date::date AS business_date
), ended AS (
    UPDATE payouts SET state = 'cancelled', decided_at = :now,
                       decided_by = CASE WHEN made_by = :who THEN '' ELSE :who END
    WHERE merchant_id = :merchant AND id = :id AND state IN ('held', 'ready')
      AND EXISTS (SELECT FROM merchants WHERE merchant_id = :merchant AND lives = 'here')
    RETURNING merchant_id, id, currency, amount, 'merchant_in_payout' AS origin, :reason AS reason
), {come_back}, postings AS (
    SELECT * FROM come_back
), {nothing_freed}, {posted}, {balanced}, told AS (
    {tell}
    SELECT merchant_id, gen_random_uuid(), id, 'payout.cancelled',
           jsonb_build_object('payout', id, 'amount', amount, 'currency', currency, 'reason', reason),
           :now::timestamptz, :now::timestamptz
    FROM ended
)
SELECT count(*) FROM ended;

-- name: give_up
-- description: Give up payouts to accounts that are not used any more, or the one that no file can have; gives how many.
-- The account of that one is stopped.
WITH moment AS (
    SELECT :now::timestamptz AS now, :business_date::date AS business_date
), ended AS (
    UPDATE payouts p SET state = 'cancelled', decided_at = :now, bank_text = :reason
    FROM payout_accounts a, merchants m
    WHERE a.merchant_id = p.merchant_id AND a.id = p.account_id AND p.state IN ('held', 'ready')
      AND m.merchant_id = p.merchant_id AND m.lives = 'here'
      AND CASE WHEN :unfit::uuid IS NULL THEN a.state <> 'used' ELSE p.id = :unfit END
    RETURNING p.merchant_id, p.id, p.currency, p.amount, p.account_id,
              'merchant_in_payout' AS origin, :reason AS reason, 'rejected' AS said, 'ready' AS state
), {come_back}, postings AS (
    SELECT * FROM come_back
), {nothing_freed}, {posted}, {balanced}, stopped AS (
    UPDATE payout_accounts a SET state = 'stopped', why = e.reason
    FROM ended e
    WHERE a.merchant_id = e.merchant_id AND a.id = e.account_id AND a.state = 'used'
), raised AS (
    SELECT merchant_id, 'payout_failed' AS kind, replace(id::text, '-', '') AS subject,
           NULL::uuid AS transaction_id,
           jsonb_build_object('payout', id, 'said', said, 'state', state, 'reason', reason,
                              'amount', amount, 'currency', currency) AS params,
           :now::timestamptz AS at
    FROM ended WHERE :unfit::uuid IS NOT NULL
), opened AS (
    {open_raised}
), told AS (
    {tell}
    SELECT merchant_id, gen_random_uuid(), id, 'payout.cancelled',
           jsonb_build_object('payout', id, 'amount', amount, 'currency', currency, 'reason', reason),
           :now::timestamptz, :now::timestamptz
    FROM ended
)
SELECT count(*) FROM ended;

-- name: come_back
-- description: Part: what the payouts `ended` come to is available again at a `moment` (now, business_date), by a move.
back AS (
    INSERT INTO account_moves (merchant_id, id, currency, kind, amount, about, reason, state, asked_by,
                               asked_at)
    SELECT merchant_id, gen_random_uuid(), currency, 'payout_return', amount, id, reason, 'done', '', now
    FROM ended, moment
    RETURNING merchant_id, id, currency, amount, about
), come_back AS (
    SELECT b.merchant_id, b.id AS subject, 'payout_return' AS kind, 1 AS line, e.origin AS debit,
           'merchant_available' AS credit, b.amount, b.currency, business_date, now AS posted_at
    FROM moment, back b JOIN ended e ON e.merchant_id = b.merchant_id AND e.id = b.about
)
