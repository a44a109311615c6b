-- name: whole
-- description: The latest case with a number, or the case with an id, and all that belongs to it.
-- All as it stood at one moment.
WITH wanted AS (
    SELECT {columns} FROM cases t WHERE t.number = :number OR t.id = :id
    ORDER BY t.opened_at DESC LIMIT 1
), concerned AS (
    SELECT t.* FROM wanted c
    JOIN transactions t ON t.id = coalesce(c.original_id, c.id) AND t.merchant_id = c.merchant_id
    UNION ALL
    SELECT t.* FROM wanted c
    JOIN transactions t ON t.original_id = c.original_id AND t.merchant_id = c.merchant_id
), ids AS (
    SELECT merchant_id, id FROM concerned
    UNION
    SELECT merchant_id, id FROM wanted WHERE NOT EXISTS (SELECT FROM concerned)
)
SELECT c.*,
    (SELECT ROW(name_zh, name_en) FROM merchants WHERE merchant_id = c.merchant_id) AS merchant,
    (SELECT ROW(name_zh, name_en) FROM issuers WHERE issuer_id = c.issuer_id) AS issuer,
    ARRAY(SELECT ROW({history}) FROM case_events
          WHERE merchant_id = c.merchant_id AND case_id = c.id ORDER BY line) AS history,
    ARRAY(SELECT ROW({transactions}) FROM concerned ORDER BY received_at) AS transactions,
    ARRAY(SELECT ROW({messages}) FROM ids i
          JOIN messages m ON m.merchant_id = i.merchant_id AND m.transaction_id = i.id
          ORDER BY at, transaction_id, line) AS messages,
    ARRAY(SELECT ROW({ledger}) FROM ids i
          JOIN (SELECT *, subject AS transaction_id, kind AS cause FROM entries) e
            ON e.merchant_id = i.merchant_id AND e.subject = i.id
          ORDER BY posted_at, subject, line) AS ledger,
    ARRAY(SELECT ROW({proved}) FROM ids i
          JOIN (SELECT p.*, f.name AS file, encode(f.digest, 'hex') AS digest, f.settles_on,
                       p.break_id IS NOT NULL AS by_people
                FROM clearing_proofs p JOIN clearing_files f ON f.id = p.file_id) p
            ON p.merchant_id = i.merchant_id AND p.transaction_id = i.id
          ORDER BY found_at, p.id) AS proved,
    ARRAY(SELECT ROW({told}) FROM (
              SELECT 'terminal ' || terminal_id AS whom, text AS said, created_at, delivered_at
              FROM notices WHERE merchant_id = c.merchant_id AND case_id = c.id
              UNION ALL
              SELECT 'merchant ' || merchant_id, payload::text, created_at, delivered_at
              FROM notifications WHERE merchant_id = c.merchant_id AND case_id = c.id) said
          ORDER BY created_at) AS told
FROM wanted c;
