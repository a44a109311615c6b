-- Differences of money that rules accept: how a file's are found, counted against their day, and posted.

-- name: amounts
-- description: Accept rows of which nothing differs but their amount, as far as a rule says so; gives how many.
WITH differs AS (
    SELECT r.line, 'amount' AS kind, t.merchant_id, t.id AS transaction_id, t.issuer_id, t.currency,
           t.amount AS ours, r.amount AS theirs,
           CASE r.effect WHEN 'taken' THEN r.amount - t.amount ELSE t.amount - r.amount END AS money
    FROM clearing_rows r JOIN transactions t ON t.id = r.transaction_id
    WHERE r.file_id = :file AND r.outcome = 'tolerable'
), {kept};

-- name: not_accepted
-- description: What no rule accepts differs in its amount.
UPDATE clearing_rows SET outcome = 'amount' WHERE file_id = :file AND outcome = 'tolerable';

-- name: fees
-- description: Accept other charges than ours, as far as a rule says so, once for a transaction that stands; gives how many.
WITH told AS (
    SELECT r.line, t.merchant_id, t.id AS transaction_id, t.issuer_id, t.currency, r.fee AS theirs,
           row_number() OVER (PARTITION BY t.id ORDER BY r.line) AS nth
    FROM clearing_rows r JOIN transactions t ON t.id = coalesce(r.transaction_id, r.about)
    WHERE r.file_id = :file AND r.outcome = 'fee_differs' AND r.currency = t.currency
      AND {state} IN ({standing})
), differs AS (
    SELECT o.line, 'fee' AS kind, o.merchant_id, o.transaction_id, o.issuer_id, o.currency, c.ours, o.theirs,
           c.ours - o.theirs AS money
    FROM told o
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(CASE e.debit WHEN 'scheme_cost' THEN e.amount ELSE -e.amount END), 0)::bigint AS ours
        FROM entries e
        WHERE e.subject = o.transaction_id AND e.kind = 'approval' AND 'scheme_cost' IN (e.debit, e.credit)) c
    WHERE o.nth = 1 AND c.ours <> o.theirs
), {kept};

-- name: kept
-- description: Part: of `differs` what is within its rule is accepted, the smallest first, until its day has borne the most.
-- An issuer's own rule goes before that of all others. Nobody else counts a file meanwhile.
ruled AS (
    SELECT d.*, u.of_issuer, u.per_day, u.account
    FROM differs d
    CROSS JOIN LATERAL ({rule}) u
    WHERE abs(d.money) <= least(u.up_to, abs(d.ours) * u.per_mille / 1000)
      AND NOT EXISTS (SELECT FROM clearing_differences o
                      WHERE o.transaction_id = d.transaction_id AND o.kind = d.kind AND o.counts)
), borne AS (
    SELECT d.kind, d.currency, u.of_issuer, sum(abs(d.money)) AS money
    FROM clearing_differences d
    CROSS JOIN LATERAL ({rule}) u
    WHERE d.settles_on = :settles_on::date AND d.counts
    GROUP BY d.kind, d.currency, u.of_issuer
), counted AS (
    SELECT r.*, coalesce(b.money, 0) + sum(abs(r.money)) OVER (
               PARTITION BY r.kind, r.currency, r.of_issuer ORDER BY abs(r.money), r.line) AS borne
    FROM ruled r LEFT JOIN borne b USING (kind, currency, of_issuer)
), accepted AS (
    INSERT INTO clearing_differences AS d (
        merchant_id, id, file_id, line, kind, transaction_id, issuer_id, currency, ours, theirs, money,
        settles_on, account, counts, found_at)
    SELECT merchant_id, {id}, :file, line, kind, transaction_id, issuer_id, currency, ours, theirs, money,
           :settles_on::date, account, true, :now::timestamptz
    FROM counted WHERE borne <= per_day
    ON CONFLICT (id, merchant_id) DO UPDATE
    SET transaction_id = excluded.transaction_id, issuer_id = excluded.issuer_id, currency = excluded.currency,
        ours = excluded.ours, theirs = excluded.theirs, money = excluded.money, account = excluded.account,
        counts = true
    RETURNING line
), agrees AS (
    UPDATE clearing_rows r SET outcome = 'tolerated' FROM accepted a
    WHERE r.file_id = :file AND r.line = a.line
)
SELECT count(*)::integer FROM accepted

-- name: rule
-- description: Part: the rule of a difference `d`.
SELECT u.* FROM unnest(:kinds::text[], :issuers::text[], :currencies::text[], :up_tos::bigint[],
                       :per_milles::integer[], :per_days::bigint[], :accounts::text[])
    AS u (of_kind, of_issuer, of_currency, up_to, per_mille, per_day, account)
WHERE u.of_kind = d.kind AND u.of_currency = d.currency AND u.of_issuer IN ('', d.issuer_id)
ORDER BY u.of_issuer DESC LIMIT 1

-- name: id
-- description: Part: the number of a difference, by its file, row and kind.
md5(concat_ws(' ', :file::uuid, line, kind))::uuid

-- name: count_no_more
-- description: Let no difference of a file count; what it tells is told again, or never was.
UPDATE clearing_differences SET counts = false WHERE file_id = :file AND counts;

-- name: post
-- description: Let the entries of a file's differences come to what counts of them; what they come to already stays.
-- Twice in a row it moves nothing.
WITH owed AS (
    SELECT * FROM unnest(:differences::text[], :owed::text[]) AS o (kind, owed)
), held AS (
    SELECT d.merchant_id, d.id, d.currency, d.kind, x.account, sum(x.money)::bigint AS money
    FROM clearing_differences d
    JOIN owed o USING (kind)
    JOIN entries e ON e.subject = d.id AND e.merchant_id = d.merchant_id
    CROSS JOIN LATERAL (SELECT CASE WHEN e.debit = o.owed THEN e.credit ELSE e.debit END AS account,
                               CASE WHEN e.debit = o.owed THEN e.amount ELSE -e.amount END AS money) x
    WHERE d.file_id = :file AND e.kind IN ('tolerance', 'tolerance_end')
    GROUP BY d.merchant_id, d.id, d.currency, d.kind, x.account
), wanted AS (
    SELECT merchant_id, id, currency, kind, account, money
    FROM clearing_differences WHERE file_id = :file AND counts
), moves AS (
    SELECT merchant_id, id, currency, kind, account, coalesce(w.money, 0) - coalesce(h.money, 0) AS money,
           CASE WHEN w.id IS NULL THEN 'tolerance_end' ELSE 'tolerance' END AS posting
    FROM wanted w FULL JOIN held h USING (merchant_id, id, currency, kind, account)
), postings AS (
    SELECT m.merchant_id, m.id AS subject, m.posting AS kind,
           coalesce((SELECT max(e.line) FROM entries e WHERE e.subject = m.id AND e.kind = m.posting), 0)
           + row_number() OVER (PARTITION BY m.id, m.posting ORDER BY m.account) AS line,
           CASE WHEN m.money > 0 THEN o.owed ELSE m.account END AS debit,
           CASE WHEN m.money > 0 THEN m.account ELSE o.owed END AS credit,
           abs(m.money) AS amount, m.currency, :business_date::date AS business_date,
           :now::timestamptz AS posted_at
    FROM moves m JOIN owed o USING (kind)
    WHERE m.money <> 0
), {posted}
SELECT count(*)::integer FROM posted;

-- name: sums
-- description: What is accepted of a file, by kind and account.
SELECT kind, account, currency, count(*)::integer AS count, sum(money)::bigint AS money,
       sum(abs(money))::bigint AS in_question
FROM clearing_differences WHERE file_id = :file AND counts
GROUP BY kind, account, currency ORDER BY kind, account, currency;
