-- What the bank says of payouts: its files are kept line by line, then each line has its effect, once.

-- name: known
-- description: When a file of this content was read before, under which name.
SELECT id, name, read_at, applied_at FROM bank_files WHERE digest = :digest;

-- name: keep
-- description: Keep a file; nothing when its content was read before.
INSERT INTO bank_files (id, name, format, digest, rows, read_by, read_at, waits)
VALUES (:id, :name, :format, :digest, :rows, :who, :now, :waits)
ON CONFLICT (digest) DO NOTHING
RETURNING id;

-- name: reader
-- description: Who gave a file of which something waits for a second person, held until the transaction ends.
SELECT read_by, name FROM bank_files WHERE id = :file AND waits FOR UPDATE;

-- name: confirm
-- description: Let what waits have its effect.
UPDATE bank_files SET waits = false, confirmed_by = :who, confirmed_at = :now
WHERE id = :file AND waits
RETURNING id;

-- name: unfinished
-- description: Files of which a line has had no effect yet, the oldest first.
SELECT id, name FROM bank_files WHERE applied_at IS NULL ORDER BY read_at, id;

-- name: hold
-- description: Hold a file, so that two do not tell at once what is said of files of ours as a whole.
SELECT FROM bank_files WHERE id = :file FOR UPDATE;

-- name: of_groups
-- description: Where the bank speaks of a file of ours as a whole: a line for each payout of it of which no other line speaks.
-- What was rejected before is not meant by anything else. `away` is what payouts come to of which another cell
-- knows, and of which no row is left here; a cell to which they came knows them by the number of the file.
-- Gives the files of which the bank says another sum, or of which nothing is here that it could mean; nothing of
-- those is taken for said.
WITH spoken AS (
    SELECT r.line, r.said, r.code, r.text, r.bank_ref, r.booked_on, r.amount, r.message,
           coalesce(f.name, r.message::text) AS name, coalesce(f.total - known.total, 0) AS away
    FROM bank_rows r
    LEFT JOIN payout_files f ON f.id = r.message
    CROSS JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS total FROM payouts p
                        WHERE p.file_id = r.message) known
    WHERE r.file_id = :file AND r.outcome IS NULL AND (f.id IS NOT NULL OR known.total > 0)
), meant AS (
    SELECT s.*, p.id AS payout, p.amount AS of_one, p.currency,
           s.away + coalesce(sum(p.amount) OVER (PARTITION BY s.line), 0) AS of_all
    FROM spoken s
    LEFT JOIN payouts p ON p.file_id = s.message AND (s.said = 'rejected' OR p.state <> 'rejected')
                       AND NOT EXISTS (SELECT FROM bank_rows r WHERE r.file_id = :file AND r.payout = p.id)
), differs AS (
    SELECT DISTINCT line, name FROM meant
    WHERE amount NOT IN (0, of_all) OR payout IS NULL AND away > 0 AND said <> 'accepted'
), told AS (
    INSERT INTO bank_rows (file_id, line, said, reference, payout, currency, amount, code, text, bank_ref,
                           booked_on)
    SELECT :file, :last + row_number() OVER (ORDER BY line, payout), said, replace(payout::text, '-', ''),
           payout, currency, of_one, code, text, bank_ref, booked_on
    FROM meant WHERE payout IS NOT NULL AND line NOT IN (SELECT line FROM differs)
), done AS (
    UPDATE bank_rows r
    SET outcome = CASE WHEN r.line IN (SELECT line FROM differs) THEN 'differs'
                       WHEN r.line IN (SELECT line FROM spoken WHERE away > 0) THEN 'elsewhere'
                       WHEN r.line IN (SELECT line FROM spoken) THEN 'done'
                       ELSE 'foreign' END
    WHERE r.file_id = :file AND r.outcome IS NULL AND r.message IS NOT NULL
)
SELECT name FROM differs;

-- name: last_line
-- description: The last line of a file.
SELECT coalesce(max(line), 0) FROM bank_rows WHERE file_id = :file;

-- name: apply
-- description: Let the next lines of a file have their effect: what the bank said of payouts, each fact once.
-- Of two lines of one payout the first one counts here and the other one the next time. Payouts are
-- locked by id, so that two who read at once do not wait for each other.
-- A booking that another file has told is the same by the bank's number of it, else unless the payout has come back
-- since: then only of a day on which it was booked. One file tells none twice.
WITH moment AS (
    SELECT :now::timestamptz AS now, :business_date::date AS business_date
), next_lines AS (
    SELECT * FROM bank_rows r
    WHERE file_id = :file AND outcome IS NULL
      AND (said NOT IN ('rejected', 'returned') OR payout IS NULL
           OR NOT (SELECT waits FROM bank_files WHERE id = :file))
      -- Of who is on the way to another cell nothing changes until it has arrived there.
      AND NOT EXISTS (SELECT FROM payouts p JOIN merchants m USING (merchant_id)
                      WHERE p.id = r.payout AND m.lives = 'leaving')
    ORDER BY line LIMIT :most FOR UPDATE
), known AS (
    SELECT p.*, m.lives FROM payouts p JOIN merchants m USING (merchant_id)
    WHERE p.id IN (SELECT payout FROM next_lines) ORDER BY p.id FOR UPDATE OF p
), first_ones AS (
    SELECT DISTINCT ON (n.payout, n.line * (n.payout IS NULL)::int)
           n.line, n.said, n.amount AS said_amount, n.currency AS said_currency, n.code, n.text,
           n.bank_ref AS said_ref, n.payout, k.merchant_id, k.id, k.currency, k.amount, k.state,
           k.account_id, k.paid_at, k.returned_at, k.bank_ref, k.lives,
           b.in_this_file, coalesce(b.on_that_day, false) AS on_that_day
    FROM next_lines n LEFT JOIN known k ON k.id = n.payout
    CROSS JOIN LATERAL (
        SELECT bool_or(file_id = :file) AS in_this_file,
               bool_or(booked_on = n.booked_on) AS on_that_day
        FROM bank_rows o
        WHERE o.payout = n.payout AND o.said = 'booked' AND o.amount IN (0, k.amount)
          AND (o.file_id <> :file OR o.line < n.line)) b
    ORDER BY n.payout, n.line * (n.payout IS NULL)::int, n.line
), judged AS (
    SELECT *, CASE
        WHEN payout IS NULL THEN 'foreign'
        WHEN id IS NULL AND left(payout::text, 4) <> :mark THEN 'elsewhere'
        WHEN id IS NULL THEN 'unknown'
        WHEN lives <> 'here' THEN 'elsewhere'
        WHEN said_amount <> 0 AND (said_amount, said_currency) IS DISTINCT FROM (amount, currency)
            THEN 'differs'
        WHEN state IN ('held', 'ready', 'cancelled') THEN 'contradicts'
        WHEN said = 'accepted' THEN CASE state WHEN 'rejected' THEN 'contradicts' ELSE 'done' END
        WHEN said = 'booked' THEN CASE
            WHEN state = 'rejected' THEN 'contradicts'
            WHEN paid_at IS NULL THEN 'done'
            WHEN in_this_file THEN 'twice'
            WHEN bank_ref <> '' AND said_ref <> ''
                THEN CASE bank_ref WHEN said_ref THEN 'repeated' ELSE 'twice' END
            WHEN returned_at IS NOT NULL AND NOT on_that_day THEN 'twice'
            ELSE 'repeated' END
        WHEN said = 'rejected' THEN CASE
            WHEN state = 'rejected' THEN 'repeated'
            WHEN paid_at IS NOT NULL OR returned_at IS NOT NULL THEN 'contradicts'
            ELSE 'done' END
        ELSE CASE
            WHEN returned_at IS NOT NULL THEN 'repeated'
            WHEN state = 'rejected' THEN 'contradicts'
            ELSE 'done' END
        END AS outcome
    FROM first_ones
), effects AS (
    SELECT * FROM judged WHERE outcome = 'done' AND said <> 'accepted'
), changed AS (
    UPDATE payouts p
    SET state = CASE
            WHEN e.said = 'booked' AND p.state = 'filed' THEN 'paid'
            WHEN e.said = 'booked' THEN p.state
            ELSE e.said END,
        paid_at = CASE e.said WHEN 'booked' THEN :now ELSE p.paid_at END,
        bank_ref = CASE e.said WHEN 'booked' THEN e.said_ref ELSE p.bank_ref END,
        returned_at = CASE e.said WHEN 'returned' THEN :now ELSE p.returned_at END,
        bank_code = CASE WHEN e.said = 'booked' THEN p.bank_code ELSE e.code END,
        bank_text = CASE WHEN e.said = 'booked' THEN p.bank_text ELSE e.text END
    FROM effects e WHERE p.merchant_id = e.merchant_id AND p.id = e.id
), ended AS (
    SELECT merchant_id, id, currency, amount, account_id, said, code, text,
           CASE said WHEN 'returned' THEN 'bank' ELSE 'merchant_in_payout' END AS origin,
           trim(code || ' ' || text) AS reason
    FROM effects WHERE said <> 'booked'
), {come_back}, postings AS (
    SELECT * FROM come_back
    UNION ALL
    SELECT merchant_id, id, 'paid', 1, 'merchant_in_payout', 'bank', amount, currency,
           :business_date::date, :now::timestamptz
    FROM effects WHERE said = 'booked'
), {nothing_freed}, {posted}, {balanced}, stopped AS (
    UPDATE payout_accounts a SET state = 'stopped', why = e.reason
    FROM ended e
    WHERE a.merchant_id = e.merchant_id AND a.id = e.account_id AND a.state = 'used'
), raised AS (
    SELECT coalesce(merchant_id, '') AS merchant_id,
           CASE outcome WHEN 'unknown' THEN 'payout_unknown' WHEN 'differs' THEN 'payout_differs'
               WHEN 'twice' THEN 'payout_twice' WHEN 'contradicts' THEN 'payout_contradicted'
               ELSE 'payout_failed' END AS kind,
           replace(payout::text, '-', '') AS subject, NULL::uuid AS transaction_id,
           jsonb_build_object('payout', payout, 'said', said, 'state', state, 'reason', reason,
                              'amount', told, 'currency', currency) AS params,
           :now::timestamptz AS at
    FROM (SELECT merchant_id, outcome, payout, said, state, trim(code || ' ' || text) AS reason,
                 CASE WHEN said_amount = 0 THEN amount ELSE said_amount END AS told,
                 coalesce(nullif(said_currency, ''), currency) AS currency
          FROM judged
          WHERE outcome NOT IN ('done', 'repeated', 'foreign', 'elsewhere')
             OR outcome = 'done' AND said IN ('rejected', 'returned')) j
), opened AS (
    {open_raised}
), told AS (
    {tell}
    SELECT merchant_id, gen_random_uuid(), id,
           'payout.' || CASE said WHEN 'booked' THEN 'paid' ELSE said END,
           jsonb_build_object('payout', id, 'amount', amount, 'currency', currency, 'code', code,
                              'text', text), :now::timestamptz, :now::timestamptz
    FROM effects
), lines AS (
    UPDATE bank_rows r SET outcome = j.outcome FROM judged j
    WHERE r.file_id = :file AND r.line = j.line
)
SELECT outcome, count(*) AS lines FROM judged GROUP BY outcome;

-- name: applied
-- description: Keep that each line of a file has had its effect.
UPDATE bank_files SET applied_at = :now
WHERE id = :file AND applied_at IS NULL
  AND NOT EXISTS (SELECT FROM bank_rows WHERE file_id = :file AND outcome IS NULL);
