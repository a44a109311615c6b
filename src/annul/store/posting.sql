-- What moves money between accounts: entries and, by what is new of them, the balances.

-- name: posted
-- description: Part: writes the rows of `postings`, each once; on a day that is closed nothing is posted any more.
posted AS (
    INSERT INTO entries (merchant_id, subject, kind, line, debit, credit, amount, currency,
                         business_date, posted_at)
    SELECT merchant_id, subject, kind, line, debit, credit, amount, currency,
           greatest(business_date, (SELECT open_from FROM books)), posted_at
    FROM postings
    ON CONFLICT DO NOTHING
    RETURNING merchant_id, currency, debit, credit, amount
)

-- name: balanced
-- description: Part: moves balances by `posted`, and takes `freed` (merchant, currency, amount) off what is reserved.
balanced AS (
    INSERT INTO merchant_balances (merchant_id, currency, pending, available, frozen, in_payout,
                                   rolling_reserve, reserved)
    SELECT merchant_id, currency,
           sum(CASE 'merchant_pending' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END),
           sum(CASE 'merchant_available' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END),
           sum(CASE 'merchant_frozen' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END),
           sum(CASE 'merchant_in_payout' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END),
           sum(CASE 'merchant_reserve' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END),
           sum(CASE debit WHEN 'reserved' THEN -amount ELSE 0 END)
    FROM (SELECT * FROM posted
          UNION ALL
          SELECT merchant_id, currency, 'reserved', '', amount FROM freed) p
    GROUP BY merchant_id, currency
    ORDER BY merchant_id, currency
    ON CONFLICT (merchant_id, currency) DO UPDATE
    SET pending = merchant_balances.pending + excluded.pending,
        available = merchant_balances.available + excluded.available,
        frozen = merchant_balances.frozen + excluded.frozen,
        in_payout = merchant_balances.in_payout + excluded.in_payout,
        rolling_reserve = merchant_balances.rolling_reserve + excluded.rolling_reserve,
        reserved = merchant_balances.reserved + excluded.reserved
)

-- name: nothing_freed
-- description: Part: for `balanced`, where no void on its way has ended.
freed AS (
    SELECT NULL::text AS merchant_id, NULL::text AS currency, 0::bigint AS amount WHERE false
)

-- name: post
-- description: Post transfers of one merchant, all or none: what they take of its accounts must be there, and not be reserved.
WITH asked AS (
    SELECT * FROM unnest(:transfers::journal_posting[])
), moves AS (
    SELECT sum(CASE 'merchant_pending' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END)
               AS pending,
           sum(CASE 'merchant_available' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END)
               AS available,
           sum(CASE 'merchant_frozen' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END)
               AS frozen
    FROM asked
), purse AS (
    SELECT * FROM merchant_balances
    WHERE merchant_id = :merchant AND currency = :currency FOR UPDATE
), left_over AS (  -- of each account, and of what covers voids that are on their way
    SELECT v.*, coalesce(p.pending, 0) + v.pending AS pending_left,
           coalesce(p.available, 0) + v.available AS available_left,
           coalesce(p.frozen, 0) + v.frozen AS frozen_left,
           coalesce(p.available, 0) + v.available - coalesce(p.reserved, 0)
               + CASE WHEN m.pending_covers THEN coalesce(p.pending, 0) + v.pending ELSE 0 END AS free
    FROM moves v JOIN merchants m ON m.merchant_id = :merchant LEFT JOIN purse p ON true
), postings AS (
    SELECT m.merchant_id, :subject::uuid AS subject, :kind::text AS kind, a.line, a.debit, a.credit,
           a.amount, :currency::text AS currency, :business_date::date AS business_date,
           :at::timestamptz AS posted_at
    FROM asked a JOIN merchants m ON m.merchant_id = :merchant
    WHERE EXISTS (
        SELECT FROM left_over l
        WHERE NOT :covered::boolean
          OR (l.pending >= 0 OR l.pending_left >= 0)
          AND (l.available >= 0 OR l.available_left >= 0)
          AND (l.frozen >= 0 OR l.frozen_left >= 0)
          AND (l.pending + l.available >= 0 AND l.available >= 0 OR l.free >= 0))
), {posted}, {nothing_freed}, {balanced}
SELECT count(*) FROM posted;

-- name: known
-- description: Whether a posting was written before.
SELECT EXISTS (
    SELECT FROM entries WHERE subject = :subject AND kind = :kind AND merchant_id = :merchant);
