-- What is in the books after each step of the work.

-- name: breaks
-- description: The breaks that count.
SELECT kind, line, transaction_id FROM breaks WHERE state <> 'withdrawn';

-- name: unknown
-- description: Of what nobody knew, how many have ended, and how many of these otherwise than planned.
SELECT count(*) FILTER (WHERE t.state NOT IN ('unknown', 'reversing')) AS closed,
       count(*) FILTER (
           WHERE t.state NOT IN ('unknown', 'reversing')
             AND (t.state IS DISTINCT FROM CASE WHEN p.back THEN 'declined' ELSE 'approved' END
               OR t.kind = 'void' AND (
                    o.state IS DISTINCT FROM CASE WHEN p.back THEN 'approved' ELSE 'voided' END
                 OR o.undone <> CASE WHEN p.back THEN 0 ELSE o.amount END OR o.undoing <> 0)
               OR (e.lines > 0) = p.back OR b.pending)) AS wrong
FROM planned p
JOIN transactions t ON t.id = CASE p.what WHEN 'unknown_void' THEN p.void_id ELSE p.id END
LEFT JOIN transactions o ON o.id = t.original_id
LEFT JOIN outbox b ON b.transaction_id = t.id
CROSS JOIN LATERAL (SELECT count(*) AS lines FROM entries WHERE subject = t.id) e
WHERE p.what IN ('unknown_sale', 'unknown_void');

-- name: waiting
-- description: Proofs that nobody has carried out.
SELECT count(*) FROM clearing_proofs WHERE carried_at IS NULL;

-- name: transactions
-- description: How all transactions stand.
SELECT md5(string_agg(id::text || state || undone || undoing || holds || response_code, '' ORDER BY id))
FROM transactions;

-- name: accounts
-- description: What accounts come to by their entries.
SELECT md5(string_agg(merchant_id || currency || account || ':' || amount, ',' ORDER BY merchant_id, currency, account))
FROM (SELECT merchant_id, currency, account, sum(amount) AS amount FROM (
          SELECT merchant_id, currency, debit AS account, -amount AS amount FROM entries
          UNION ALL SELECT merchant_id, currency, credit, amount FROM entries) moved
      GROUP BY merchant_id, currency, account HAVING sum(amount) <> 0) accounts;

-- name: balances
-- description: What merchants have.
SELECT md5(string_agg(b::text, ',' ORDER BY merchant_id, currency)) FROM merchant_balances b
WHERE (pending, available, in_payout, frozen, reserved) <> (0, 0, 0, 0, 0);

-- name: owed
-- description: What issuers are owed.
SELECT count(*) FROM outbox WHERE pending;

-- name: told
-- description: What counts of clearing files.
SELECT count(*) FROM clearing_rows;

-- name: carried
-- description: What is expected of files to come.
SELECT count(*) FROM clearing_carried;
