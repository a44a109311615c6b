-- A committed file is matched anew: its rows are staged once more, and what came of them is compared with before.

-- name: keep
-- description: Keep what came of each row of a file, and of what it lacks, to be compared with.
INSERT INTO clearing_before (file_id, line, subject, outcome, transaction_id, money, stands, borne)
SELECT :file, line, subject, outcome, transaction_id, money, stands, borne FROM ({verdicts}) v;

-- name: verdicts
-- description: Part: what came of each row of a file; of what it lacks (line 0) by transaction.
SELECT r.line, '{nobody}'::uuid AS subject, r.outcome, coalesce(r.transaction_id, r.about) AS transaction_id,
       coalesce(b.money, a.money, 0) AS money, coalesce(b.state, '') AS stands, coalesce(a.borne, '') AS borne
FROM clearing_rows r
LEFT JOIN breaks b ON b.file_id = r.file_id AND b.line = r.line AND b.state <> 'withdrawn'
LEFT JOIN (SELECT line, sum(money)::bigint AS money,
                  string_agg(concat_ws(' ', kind, money, account), ', ' ORDER BY kind) AS borne
           FROM clearing_differences WHERE file_id = :file AND counts GROUP BY line) a ON a.line = r.line
WHERE r.file_id = :file
UNION ALL
SELECT 0, c.transaction_id, 'expected', c.transaction_id, 0, '', ''
FROM clearing_carried c WHERE c.file_id = :file AND c.found_in IS NULL AND NOT c.undoes
UNION ALL
SELECT 0, b.transaction_id, b.kind, b.transaction_id, b.money, b.state, ''
FROM breaks b WHERE b.file_id = :file AND b.line IS NULL AND b.state <> 'withdrawn'

-- name: stage
-- description: Stage the rows of a file that counts once more.
INSERT INTO clearing_staged ({columns}) SELECT {columns} FROM clearing_rows WHERE file_id = :file;

-- name: columns
-- description: Part: what a file has told in a row, whatever came of it.
file_id, line, merchant_id, terminal_id, trace, rrn, auth_code, card_hash, card_masked, kind, effect, amount,
currency, fee, sent_at, settles_on, code, original_trace, undone

-- name: differs
-- description: Part: each row of which something else came than before, and each transaction that is lacking otherwise.
SELECT nullif(coalesce(a.line, b.line), 0) AS line, coalesce(a.transaction_id, b.transaction_id) AS transaction_id,
       coalesce(b.outcome, '') AS before, coalesce(a.outcome, '') AS after,
       coalesce(b.money, 0) AS money_before, coalesce(a.money, 0) AS money_after,
       coalesce(b.stands, '') AS stood, coalesce(b.borne, '') AS borne_before, coalesce(a.borne, '') AS borne_after
FROM (SELECT * FROM clearing_before WHERE file_id = :file) b
FULL JOIN ({verdicts}) a ON a.line = b.line AND a.subject = b.subject
WHERE (a.outcome, a.transaction_id, a.money, a.borne)
      IS DISTINCT FROM (b.outcome, b.transaction_id, b.money, b.borne)

-- name: changes
-- description: How many rows came from what to what, and the money in question before and after.
SELECT d.before, d.after, coalesce(r.currency, t.currency) AS currency, count(*)::integer AS count,
       sum(d.money_before)::bigint AS money_before, sum(d.money_after)::bigint AS money_after,
       count(*) FILTER (WHERE d.stood IN ('asked', 'resolved'))::integer AS decided
FROM ({differs}) d {with_all}
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

-- name: with_all
-- description: Part: what is known of each, by its row or its transaction.
LEFT JOIN clearing_rows r ON r.file_id = :file AND r.line = d.line
LEFT JOIN transactions t ON t.id = d.transaction_id

-- name: changed
-- description: Each of them, those with the most money first.
SELECT d.*, coalesce(r.currency, t.currency) AS currency, coalesce(t.merchant_id, r.merchant_id) AS merchant_id,
       coalesce(nullif(r.rrn, ''), t.rrn) AS rrn, coalesce(r.amount, t.amount) AS amount
FROM ({differs}) d {with_all}
ORDER BY abs(d.money_after - d.money_before) DESC, d.line, d.transaction_id LIMIT :most;

-- name: at_stake
-- description: Money of which it is said otherwise: of what a file proves no longer, and of what people had decided.
SELECT (coalesce((SELECT sum(t.amount) FROM clearing_proofs p
                  JOIN transactions t ON t.merchant_id = p.merchant_id AND t.id = p.transaction_id
                  WHERE p.file_id = :file AND p.discarded_at = :now AND p.came IS DISTINCT FROM 'overtaken'), 0)
        + coalesce((SELECT sum(abs(d.money_before)) FROM ({differs}) d WHERE d.stood = 'resolved'), 0))::bigint;

-- name: forget
-- description: Forget what was compared with.
DELETE FROM clearing_before WHERE file_id = :file;

-- name: matched_again
-- description: Keep what came of a file, and by which rules.
UPDATE clearing_files SET covers_from = :covers_from, result = :result, rules = :rules
WHERE id = :file AND state = 'committed'
RETURNING id;
