-- What issuers answered to voids and refunds, as the fit reads it.

-- name: claim
-- description: Take the learning of a cell for a while; gives how far samples reach, nothing if it is taken.
UPDATE learning SET leased_until = :until
WHERE issuer_id = '' AND (leased_until IS NULL OR leased_until <= :now)
RETURNING taken_until, whole_on;

-- name: retaken
-- description: Keep that what came late of earlier days was taken on a day.
UPDATE learning SET whole_on = :day WHERE issuer_id = '';

-- name: release
-- description: Let somebody else learn; the lease that another has taken since stays.
UPDATE learning SET leased_until = NULL WHERE issuer_id = '' AND leased_until = :until;

-- name: take
-- description: Add the samples of the next transactions, and those a while before once more.
-- Gives how far it came, and how many samples are new or other than before. What was open then has an
-- answer by now, and what other requests met around a refusal is known on both sides of it.
WITH span AS (
    SELECT least(:until::timestamptz, coalesce(
        (SELECT received_at FROM transactions
         WHERE received_at >= :since AND received_at < :until
         ORDER BY received_at OFFSET :most LIMIT 1), :until)) AS until
), came AS MATERIALIZED (
    SELECT t.merchant_id, t.id, t.issuer_id, left(t.card_masked, 6) AS prefix, t.kind,
           t.received_at AS at, t.original_id, t.amount, t.card_hash, t.response_code AS code,
           t.response_code IN ({booked}) OR t.late_code IN ({booked}) AS ok, t.business_date AS day,
           t.received_at AT TIME ZONE :zone AS local
    FROM transactions t
    WHERE t.received_at >= :again AND t.received_at < (SELECT until FROM span)
      AND t.kind IN ({undoing}) AND t.sent = 'answered' AND t.response_code <> ''
      AND t.issuer_id <> ''
), minutes AS MATERIALIZED (
    SELECT DISTINCT issuer_id, date_trunc('minute', at) AS minute, code FROM came WHERE NOT ok
), trouble AS MATERIALIZED (
    -- Of others: what undoes nothing. Few of them say nothing; an issuer may be out of order and say
    -- whatever it likes, to everybody.
    SELECT m.issuer_id, m.minute, m.code, CASE WHEN a.answers >= 3 THEN a.failed::real / a.answers END AS share
    FROM minutes m CROSS JOIN LATERAL (
        SELECT count(*) AS answers,
               count(*) FILTER (WHERE x.one ->> 1 IN ('', m.code, {faults})) AS failed
        FROM issuer_stats i, jsonb_array_elements(i.tail) AS x (one)
        WHERE i.issuer_id = m.issuer_id AND coalesce(x.one ->> 2, 'plain') = 'plain'
          AND i.slot BETWEEN m.minute - interval '60 s' AND m.minute + interval '120 s'
        OFFSET 0) a
), taken AS (
    INSERT INTO void_samples AS s (
        merchant_id, id, issuer_id, prefix, role, at, original_id, card, amount, age_s, place,
        since_s, minute, sale_minute, whole, same_day, ok, code, amid)
    SELECT c.merchant_id, c.id, c.issuer_id, c.prefix, CASE {roles} END, c.at, c.original_id,
           CASE WHEN c.card_hash <> '' THEN hashtextextended(encode(c.card_hash, 'hex'), 0) END, c.amount,
           extract(epoch FROM c.at - o.received_at)::integer, 1 + k.voids,
           extract(epoch FROM c.at - k.last)::integer,
           extract(hour FROM c.local) * 60 + extract(minute FROM c.local),
           extract(hour FROM o.local) * 60 + extract(minute FROM o.local),
           c.amount = o.amount, c.day = o.business_date, c.ok, c.code, n.share
    FROM came c
    LEFT JOIN LATERAL (
        SELECT s.received_at, s.amount, s.business_date, s.received_at AT TIME ZONE :zone AS local
        FROM transactions s WHERE s.id = c.original_id AND s.merchant_id = c.merchant_id
        OFFSET 0) o ON true
    LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE d.received_at >= date_trunc('day', c.local) AT TIME ZONE :zone)
                   AS voids,
               max(d.answered_at) AS last
        FROM transactions d
        WHERE d.card_hash = c.card_hash AND d.received_at >= c.at - interval '1 day'
          AND d.received_at < c.at AND d.kind IN ({voids}) AND d.state = 'approved'
          AND d.answered_at < c.at
        OFFSET 0) k ON c.card_hash <> '' AND c.kind IN ({voids})
    LEFT JOIN trouble n ON NOT c.ok AND n.issuer_id = c.issuer_id
                       AND n.minute = date_trunc('minute', c.at) AND n.code = c.code
    ON CONFLICT (id, merchant_id) DO UPDATE
    SET ok = excluded.ok, code = excluded.code, amid = excluded.amid
    WHERE (s.ok, s.code, s.amid) IS DISTINCT FROM (excluded.ok, excluded.code, excluded.amid)
    RETURNING issuer_id
), fresh AS (
    INSERT INTO learning AS l (issuer_id, fresh) SELECT DISTINCT issuer_id, true FROM taken
    ON CONFLICT (issuer_id) DO UPDATE SET fresh = true WHERE NOT l.fresh
), reached AS (
    UPDATE learning SET taken_until = greatest(taken_until, (SELECT until FROM span))
    WHERE issuer_id = ''
)
SELECT (SELECT until FROM span) AS until, (SELECT count(*) FROM taken) AS samples;
