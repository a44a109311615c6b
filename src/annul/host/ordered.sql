-- name: free_trace
-- description: A number from the end of the range that this terminal has not used: $1 merchant, $2 terminal.
SELECT lpad(n::text, 6, '0')
FROM (SELECT 900000 + floor(random() * 100000)::integer AS n FROM generate_series(1, 8)) AS drawn
WHERE NOT EXISTS (
    SELECT FROM transactions t
    WHERE t.trace = lpad(n::text, 6, '0') AND t.terminal_id = $2 AND t.merchant_id = $1)
LIMIT 1;
