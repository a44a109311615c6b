-- Business days: closed, counted for each merchant, and made available when they are due.

-- name: claim
-- description: Take the books for a while; nothing while another process has them.
UPDATE books SET leased_until = :until
WHERE leased_until IS NULL OR leased_until <= :now
RETURNING open_from, counted_to;

-- name: release
-- description: Give the books back, unless somebody else has taken them since.
UPDATE books SET leased_until = NULL WHERE leased_until = :until;

-- name: close
-- description: Close all business days before this one: what is posted from now on belongs to it.
UPDATE books SET open_from = :day, closed_in = pg_current_xact_id() WHERE open_from < :day;

-- name: quiet
-- description: Whether nobody writes any more who may not know yet which day was closed last.
-- A statement that began before has a snapshot as old as that.
SELECT NOT EXISTS (
    SELECT FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
      AND a.backend_type = 'client backend'
      AND greatest(age(a.backend_xmin), age(a.backend_xid)) >= age(b.closed_in::xid))
FROM books b WHERE b.closed_in IS NOT NULL;

-- name: first_day
-- description: The first business day with entries after one; none when there is none.
SELECT min(business_date) FROM entries WHERE business_date > :after AND business_date < :before;

-- name: counted
-- description: Keep that no day before this one is left to be counted.
UPDATE books SET counted_to = :before::date - 1 WHERE counted_to < :before::date - 1;

-- name: terms
-- description: The terms that are in force for any merchant on a day, each once.
SELECT DISTINCT t.cycle, t.days, t.weekday
FROM (SELECT DISTINCT ON (merchant_id) cycle, days, weekday FROM settlement_terms
      WHERE valid_from <= :day ORDER BY merchant_id, valid_from DESC) t;

-- name: count_day
-- description: Write down what a closed business day came to for each merchant; a day is counted once.
-- When each is due comes by its terms; what has none, as `default_due` says. What is due on the day itself,
-- or has a share in its contract, is held back of. Of a merchant that moves
-- to another cell it is counted there.
WITH due AS (
    SELECT * FROM unnest(:cycles::text[], :days::smallint[], :weekdays::smallint[], :dues::date[])
        AS d (cycle, days, weekday, due_on)
), terms AS (
    SELECT t.merchant_id, d.due_on, t.fee_ppm, t.reserve_ppm
    FROM (SELECT DISTINCT ON (merchant_id) * FROM settlement_terms
          WHERE valid_from <= :day ORDER BY merchant_id, valid_from DESC) t
    JOIN due d ON d.cycle = t.cycle AND d.days = t.days AND d.weekday IS NOT DISTINCT FROM t.weekday
), came AS (
    SELECT merchant_id, currency,
           sum(CASE WHEN debit = 'issuer_receivable' THEN amount ELSE 0 END)::bigint AS taken,
           sum(CASE WHEN credit = 'issuer_receivable' THEN amount ELSE 0 END)::bigint AS given_back,
           sum(CASE 'fee_income' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END)::bigint AS fees,
           max(CASE WHEN debit = 'issuer_receivable' THEN amount ELSE 0 END) AS largest
    FROM entries
    WHERE business_date = :day AND kind IN ({of_transactions})
      AND 'merchant_pending' IN (debit, credit)
    GROUP BY merchant_id, currency
), counted AS (
    INSERT INTO merchant_days (merchant_id, id, currency, business_date, taken, given_back, fees,
                               net, fee, due_on, holds, largest)
    SELECT merchant_id, gen_random_uuid(), c.currency, :day, taken, given_back, fees, net,
           CASE WHEN net > 0 THEN (net * coalesce(fee_ppm, 0) + 500000) / 1000000 ELSE 0 END,
           coalesce(due_on, :default_due),
           coalesce(due_on, :default_due) = :day OR reserve_ppm IS NOT NULL, largest
    FROM (SELECT *, taken - given_back - fees AS net FROM came) c
    JOIN merchants m USING (merchant_id)
    LEFT JOIN terms USING (merchant_id)
    WHERE m.lives = 'here'
    ON CONFLICT DO NOTHING
    RETURNING 1
), done AS (
    UPDATE books SET counted_to = :day WHERE counted_to < :day
)
SELECT count(*) FROM counted;

-- name: make_available
-- description: Let days that are due become available, the next of them; gives how many.
-- What is held back of one moves on at once: nobody can pay it out.
WITH due AS (
    SELECT d.*, r.id AS reserve_id, coalesce(r.amount, 0) AS reserve
    FROM merchant_days d JOIN merchants m USING (merchant_id)
    LEFT JOIN reserves r ON r.merchant_id = d.merchant_id AND r.on_day = d.business_date
                        AND r.currency = d.currency
    WHERE d.available_at IS NULL AND d.due_on <= :today AND m.lives = 'here'
      AND (NOT d.holds OR r.id IS NOT NULL)
    ORDER BY d.due_on, d.merchant_id LIMIT :most FOR UPDATE OF d SKIP LOCKED
), postings AS (
    SELECT merchant_id, subject, kind, line, debit, credit, amount, currency,
           :business_date::date AS business_date, :now::timestamptz AS posted_at
    FROM due CROSS JOIN LATERAL (VALUES
        (id, 'settlement', 1, 'merchant_pending', 'merchant_available', net),
        (id, 'settlement', 1, 'merchant_available', 'merchant_pending', -net),
        (id, 'settlement', 2, 'merchant_available', 'fee_income', fee),
        (reserve_id, 'reserve', 1, 'merchant_available', 'merchant_reserve', reserve))
        l (subject, kind, line, debit, credit, amount)
    WHERE amount > 0
), freed AS (
    SELECT NULL::text AS merchant_id, NULL::text AS currency, 0::bigint AS amount WHERE false
), {posted}, {balanced}, moves AS (
    INSERT INTO account_moves (merchant_id, id, currency, kind, amount, reason, state, asked_by, asked_at)
    SELECT merchant_id, reserve_id, currency, 'reserve', -reserve, business_date::text, 'done', '', :now
    FROM due WHERE reserve > 0
), held AS (
    UPDATE reserves r SET held_at = :now
    FROM due d
    WHERE r.merchant_id = d.merchant_id AND r.on_day = d.business_date AND r.currency = d.currency
), done AS (
    UPDATE merchant_days m SET available_at = :now
    FROM due d
    WHERE m.merchant_id = d.merchant_id AND m.business_date = d.business_date
      AND m.currency = d.currency
)
SELECT count(*) FROM due;
