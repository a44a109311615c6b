-- What a report asks: voids of some business days and of as many before them, by whom and why they failed.
-- `own` are merchants whose days end by contracts of their own, with their bounds.

-- name: bounds
-- description: When the days of a merchant begin and end: its own bounds, else the house's.
coalesce(o.before, :before::timestamptz) AS before, coalesce(o.since, :since::timestamptz) AS since,
coalesce(o.until, :until::timestamptz) AS until;

-- name: own
-- description: Merchants with bounds of their own.
unnest(:own::text[], :own_before::timestamptz[], :own_since::timestamptz[], :own_until::timestamptz[])
    AS o (merchant_id, before, since, until);

-- name: failed
-- description: Cases of voids of both periods, each with its bounds, and what is counted of it.
-- A case goes by the cause that was confirmed, else by the likeliest; software is what the terminal says now.
SELECT c.opened_at >= c.since AS now, c.issuer_id, c.merchant_id, c.terminal_id,
       coalesce(nullif(t.software, ''), '{untold}') AS software,
       coalesce(nullif(c.confirmed, ''), nullif(c.cause, ''), 'unknown') AS cause,
       c.ended, c.ended_at, c.opened_at, c.first_due_at
FROM (
    SELECT c.merchant_id, c.terminal_id, c.issuer_id, c.opened_at, c.first_due_at, c.ended, c.ended_at,
           c.confirmed, c.cause, {bounds}
    FROM cases c LEFT JOIN {own} ON o.merchant_id = c.merchant_id
    WHERE c.opened_at >= :earliest AND c.opened_at < :latest AND c.kind IN ({voids})
      AND (:merchant = '' OR c.merchant_id = :merchant)) c
LEFT JOIN terminals t ON t.merchant_id = c.merchant_id AND t.terminal_id = c.terminal_id
WHERE c.opened_at >= c.before AND c.opened_at < c.until;

-- name: cases
-- description: Cases of voids of both periods, counted by issuer, software and cause.
SELECT now, issuer_id, software, cause,
       count(*) FILTER (WHERE ended = 'voided') AS voided,
       count(*) FILTER (WHERE ended = 'refunded') AS refunded,
       count(*) FILTER (WHERE ended = 'refused') AS refused,
       count(*) FILTER (WHERE ended = 'unproved') AS unproved,
       count(*) FILTER (WHERE ended = '') AS open,
       count(*) FILTER (WHERE first_due_at < :now OR ended NOT IN ('', 'unproved')) AS decided,
       count(*) FILTER (WHERE ended NOT IN ('', 'unproved') AND ended_at <= first_due_at) AS in_time,
       count(*) FILTER (WHERE took <= interval '1 minute') AS minute,
       count(*) FILTER (WHERE took > interval '1 minute' AND took <= interval '1 hour') AS hour,
       count(*) FILTER (WHERE took > interval '1 hour' AND took <= interval '1 day') AS day,
       count(*) FILTER (WHERE took > interval '1 day') AS longer
FROM (SELECT *, CASE WHEN ended NOT IN ('', 'unproved') THEN ended_at - opened_at END AS took
      FROM ({failed}) f) c
GROUP BY now, GROUPING SETS ((), (cause), (issuer_id), (software), (issuer_id, software, cause),
                             (issuer_id, cause), (software, cause));

-- name: at_shops
-- description: Cases of voids of both periods by merchant, and what there is most of at merchants and terminals.
-- Of causes and terminals what is less than `least` says nothing.
WITH grouped AS (
    SELECT merchant_id, terminal_id, cause, count(*) AS cases, {ended_by_period}
    FROM ({failed}) c
    GROUP BY GROUPING SETS ((merchant_id), (merchant_id, cause), (merchant_id, terminal_id),
                            (merchant_id, terminal_id, cause))
    HAVING count(*) >= :least OR (GROUPING(terminal_id) = 1 AND GROUPING(cause) = 1)
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY terminal_id IS NULL, cause IS NULL
                                 ORDER BY cases DESC, merchant_id, terminal_id, cause) AS place
    FROM grouped
)
SELECT * FROM placed WHERE place <= :most;

-- name: at_once
-- description: Voids of both periods that went through and of whose sale there is no case, by group.
-- Of merchants those that are named.
WITH counted AS (
    SELECT t.received_at >= t.since AS now, t.issuer_id, t.merchant_id, t.terminal_id,
           coalesce(nullif(d.software, ''), '{untold}') AS software
    FROM (
        SELECT t.*, {bounds}
        FROM transactions t LEFT JOIN {own} ON o.merchant_id = t.merchant_id
        WHERE t.received_at >= :earliest AND t.received_at < :latest
          AND t.kind IN ({voids}) AND t.state IN ({done})
          AND (:merchant = '' OR t.merchant_id = :merchant)
          AND NOT EXISTS (SELECT FROM cases c WHERE c.merchant_id = t.merchant_id
                                                AND c.original_id = t.original_id)) t
    LEFT JOIN terminals d ON d.merchant_id = t.merchant_id AND d.terminal_id = t.terminal_id
    WHERE t.received_at >= t.before AND t.received_at < t.until
), grouped AS (
    SELECT now, issuer_id, merchant_id, terminal_id, software, count(*)::integer AS at_once
    FROM counted
    GROUP BY now, GROUPING SETS ((), (issuer_id), (merchant_id), (software), (issuer_id, software),
                                 (merchant_id, terminal_id))
)
SELECT * FROM grouped
WHERE merchant_id IS NULL OR merchant_id = ANY (:merchants::text[]);

-- name: names
-- description: What merchants and issuers are called.
SELECT 'merchant' AS what, merchant_id AS id, name_zh, name_en FROM merchants
WHERE merchant_id = ANY (:merchants::text[])
UNION ALL
SELECT 'issuer', issuer_id, name_zh, name_en FROM issuers WHERE issuer_id = ANY (:issuers::text[]);

-- name: own_days
-- description: What was ever agreed on with merchants on the end of their days, of each the latest first.
SELECT merchant_id, valid_from, cut_over FROM cut_overs
WHERE :merchant = '' OR merchant_id = :merchant ORDER BY merchant_id, valid_from DESC;

-- name: advice
-- description: How many said that an advice has helped, of answers first given in a period, by cause and reader.
SELECT cause, reader, count(*)::integer AS answers, count(*) FILTER (WHERE helped)::integer AS helped
FROM advice_answers
WHERE at >= :since AND at < :until AND (:merchant = '' OR merchant_id = :merchant)
GROUP BY cause, reader ORDER BY cause, reader;
