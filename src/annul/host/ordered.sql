-- name: free_trace
-- description: A number that a terminal's batch has not used, from a beginning on.
-- From a beginning that is anywhere it is one look-up by index, and some more once most are used.
-- OFFSET keeps it from being planned as a join with all that the merchant has, as it would be while
-- the table is empty.
SELECT trace
FROM (
    SELECT lpad(((:beginning::bigint + n) % 999999 + 1)::text, 6, '0') AS trace
    FROM (SELECT generate_series(0, 999998) AS n) AS numbers) AS candidates
WHERE NOT EXISTS (
    SELECT FROM transactions t
    WHERE t.trace = candidates.trace AND t.terminal_id = :terminal AND t.batch = :batch
      AND t.merchant_id = :merchant
    OFFSET 0)
LIMIT 1;
