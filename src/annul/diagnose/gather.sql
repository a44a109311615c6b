-- What is known of a failed void, refund or completion, read when it is asked for. A look is two
-- statements: `series` says what it is about, `surroundings` all that this is judged by.

-- name: void
-- description: A transaction by id, whoever its merchant is.
SELECT {columns} FROM transactions t WHERE t.id = :id;

-- name: void_by_rrn
-- description: The latest void, refund or completion with a reference number.
SELECT {columns} FROM transactions t
WHERE t.rrn = :rrn AND t.kind = ANY (:kinds::text[]) ORDER BY t.received_at DESC LIMIT 1;

-- name: refused
-- description: What was refused before it was a transaction, as the one that it never became.
-- A refund names its original by reference: what has the number on its terminal is another one.
SELECT r.merchant_id, r.id, r.kind, 'declined' AS state, 'not_sent' AS sent, r.terminal_id, r.batch,
       r.trace, r.business_date, r.amount, coalesce(o.currency, '156') AS currency, 0 AS undone,
       o.id AS original_id, r.card_hash, r.card_masked, ''::bytea AS card_cipher,
       coalesce(o.card_type, 'debit') AS card_type, coalesce(o.issuer_id, '') AS issuer_id, r.rrn,
       '' AS auth_code, r.response_code, '' AS entry_mode, '' AS condition, 0 AS fee, r.received_at,
       '' AS voucher, '' AS settlement_date, '' AS expiry, '' AS card_sequence, 0 AS holds,
       '' AS reversal_reason, '' AS late_code, NULL::bytea AS icc_answer,
       NULL::timestamptz AS answered_at, r.rule AS why, '' AS issuer_trace, 0 AS reserves,
       false AS taken_back, NULL::timestamptz AS late_at, 0 AS undoing, 0 AS charged_back,
       coalesce(o.scheme, 'domestic') AS scheme, 'terminal' AS origin
FROM refusals r
LEFT JOIN transactions o
  ON o.merchant_id = r.merchant_id AND o.terminal_id = r.terminal_id
 AND o.batch = r.original_batch AND o.trace = r.original_trace
 AND r.kind NOT IN ({refunds});

-- name: refusal
-- description: The latest refusal with an id or a reference number.
SELECT {columns} FROM ({refused}) t WHERE t.id = :id OR t.rrn = :rrn
ORDER BY t.received_at DESC LIMIT 1;

-- name: series
-- description: What failed, its original and all that refers to this, oldest first, at one moment.
-- With what issuers are still asked for each, and what they answered last. Each key is looked up by
-- itself: where one of several would do, a plan that is made while the table is empty walks them all.
WITH refused AS (
    SELECT {columns} FROM ({refused}) t WHERE t.id = :id
), failed AS (
    SELECT merchant_id, id, original_id FROM transactions WHERE id = :id
    UNION ALL
    SELECT merchant_id, id, original_id FROM refused
), found AS (
    SELECT {columns}, false AS at_the_door
    FROM failed f
    JOIN transactions t ON t.id = coalesce(f.original_id, f.id) AND t.merchant_id = f.merchant_id
    UNION ALL
    SELECT {columns}, false FROM failed f
    JOIN transactions t ON t.original_id = f.original_id AND t.merchant_id = f.merchant_id
    UNION ALL
    SELECT {columns}, true FROM refused t
)
SELECT f.*, o.kind AS owed, o.attempts, o.last_code
FROM found f
LEFT JOIN LATERAL (
    SELECT kind, attempts, last_code FROM outbox
    WHERE transaction_id = f.id AND merchant_id = f.merchant_id AND pending
    ORDER BY kind DESC LIMIT 1) o ON true
ORDER BY f.received_at, f.id;

-- name: surroundings
-- description: All that a failed void is judged by beside its series, at one moment, as JSON.
-- What many cases share is read if it is asked for, and is null otherwise.
SELECT json_build_object(
    'card', (SELECT to_json(x) FROM ({card}) x),
    'terminal', (SELECT to_json(x) FROM ({terminal}) x),
    'merchant', (SELECT to_json(x) FROM ({merchant_row}) x),
    'opened', ({opened}),
    'shared', CASE WHEN :shared THEN ({shared}) END,
    'slots', CASE WHEN :slots THEN (SELECT to_json(x) FROM ({issuer_slots}) x) END,
    'software', CASE WHEN :software THEN ({software}) END,
    'near', CASE WHEN :near THEN (SELECT coalesce(json_agg(x), '[]') FROM ({near_voids}) x) END);

-- name: opened
-- description: The first diagnosis of a case, as it was written down; none without a case.
SELECT body FROM case_events
WHERE case_id = :case AND merchant_id = :merchant AND line = 2
  AND body LIKE '%"what":"diagnosed"%';

-- name: card
-- description: The day of a card up to a void of it, without that void, in its order.
-- A decline says something of the card until the card is approved again; also one in a way of the
-- issuer's own, which proves nothing of the money.
WITH day AS (
    SELECT kind = ANY (:voids) AS undoes, state, sent, response_code, received_at, answered_at
    FROM transactions WHERE card_hash = :card AND received_at >= :midnight AND id <> :void
), sold AS (
    SELECT max(received_at) AS at FROM day
    WHERE NOT undoes AND received_at < :at
      AND state IN ('approved', 'voided', 'partly_refunded', 'refunded', 'completed')
), told AS (
    SELECT day.*, NOT undoes AND sent = 'answered'
           AND response_code NOT IN ('', {booked}, {faults}) AND day.received_at > coalesce(sold.at, '-infinity') AS declined
    FROM day, sold
)
SELECT count(*) FILTER (WHERE undoes AND state = 'approved' AND answered_at < :at) AS voids,
       max(answered_at) FILTER (WHERE undoes AND state = 'approved' AND answered_at < :at)
           AS last_void,
       count(*) FILTER (WHERE declined) AS declines,
       (array_agg(response_code ORDER BY received_at DESC) FILTER (WHERE declined))[1]
           AS decline_code,
       coalesce(bool_or(NOT undoes AND state IN ('approved', 'voided') AND received_at > :at),
                false) AS approved_after
FROM told;

-- name: terminal
-- description: A terminal as it is set up, and its trouble of an hour before and after.
SELECT t.active, t.signed_in, t.kinds, t.amount_limit, t.serial, t.information, t.software,
       t.wanted_software, coalesce(s.link_drops, 0) AS link_drops,
       coalesce(s.reversals, 0) AS reversals, coalesce(s.wrong_mac, 0) AS wrong_mac
FROM terminals t
LEFT JOIN (
    SELECT sum(link_drops) AS link_drops, sum(reversals) AS reversals, sum(wrong_mac) AS wrong_mac
    FROM terminal_stats
    WHERE terminal_id = :terminal AND merchant_id = :merchant
      AND minute BETWEEN :at::timestamptz - interval '1 hour'
                     AND :at::timestamptz + interval '1 hour') s ON true
WHERE t.merchant_id = :merchant AND t.terminal_id = :terminal;

-- name: merchant_row
-- description: A merchant's contract and money.
SELECT m.active, m.void_needs_balance, m.pending_covers, coalesce(b.available + b.rolling_reserve, 0) AS available,
       coalesce(b.pending, 0) AS pending, coalesce(b.frozen, 0) AS frozen,
       coalesce(b.reserved, 0) AS reserved,
       (SELECT json_agg(json_build_array(c.valid_from, c.cut_over) ORDER BY c.valid_from DESC)
        FROM cut_overs c WHERE c.merchant_id = m.merchant_id) AS cut_overs
FROM merchants m
LEFT JOIN merchant_balances b ON b.merchant_id = m.merchant_id AND b.currency = m.currency
WHERE m.merchant_id = :merchant;

-- name: shared
-- description: An issuer's rules, told or learnt, its codes' meanings, its latest voids, its incidents.
SELECT json_build_object(
    'policies', (SELECT coalesce(json_agg(x), '[]') FROM (
        SELECT kind, number, valid_from, valid_until, id FROM policies
        WHERE issuer_id = :issuer) x),
    'meanings', (SELECT coalesce(json_object_agg(response_code, cause), '{}')
        FROM code_meanings WHERE issuer_id = :issuer),
    'learnt', (SELECT coalesce(json_agg(x), '[]') FROM (
        SELECT issuer_id, id, prefix, role, rule, number, until, within, beyond, approved_within,
               refused_within, refused_beyond, exceptions, sure, code, since, changed, state
        FROM learnt_rules
        WHERE issuer_id = :issuer AND ended_at IS NULL AND state <> 'dismissed') x),
    'voids', (SELECT coalesce(json_agg(x), '[]') FROM (
        SELECT role, prefix, at, code, ok, original_id AS original, card, amount, age_s, place, since_s
        FROM void_samples
        WHERE issuer_id = :issuer AND at >= :since::timestamptz - interval '7 d'
          AND (ok OR coalesce(amid, 0) < {outage})
        ORDER BY at DESC LIMIT {most}) x),
    'incidents', (SELECT count(*) FROM incidents i
        JOIN transactions t ON t.merchant_id = i.merchant_id AND t.id = i.transaction_id
        WHERE i.closed_at IS NULL AND t.issuer_id = :issuer));

-- name: issuer_slots
-- description: How an issuer did, slot by slot; a list for each column, which is soonest read.
SELECT array_agg(slot) AS at, array_agg(requests) AS requests, array_agg(silent) AS silent,
       array_agg(late) AS late, array_agg(link_drops) AS link_drops,
       array_agg(garbled) AS garbled, json_agg(codes) AS codes, json_agg(latencies) AS latencies,
       json_agg(tail) AS tail
FROM issuer_stats WHERE issuer_id = :issuer AND slot BETWEEN :since AND :until;

-- name: software
-- description: What runs on the terminals that have just asked an issuer.
SELECT coalesce(json_object_agg(asked.merchant_id || ' ' || asked.terminal_id, t.software), '{}')
FROM (SELECT DISTINCT x.one ->> 4 AS merchant_id, x.one ->> 5 AS terminal_id
      FROM issuer_stats i, jsonb_array_elements(i.tail) AS x (one)
      WHERE i.issuer_id = :issuer
        AND i.slot BETWEEN :at::timestamptz - interval '300 s' AND :until::timestamptz) asked
CROSS JOIN LATERAL (
    SELECT software FROM terminals
    WHERE merchant_id = asked.merchant_id AND terminal_id = asked.terminal_id AND software <> ''
    OFFSET 0) t;

-- name: near_voids
-- description: The latest voids of a card range that an issuer has answered.
SELECT t.kind, left(t.card_masked, 6) AS prefix, t.received_at AS at, t.response_code AS code,
       t.response_code IN ({booked}) OR t.late_code IN ({booked}) AS ok, t.original_id AS original,
       t.amount, CASE WHEN t.card_hash <> '' THEN hashtextextended(encode(t.card_hash, 'hex'), 0) END AS card,
       extract(epoch FROM t.received_at - o.received_at)::integer AS age_s
FROM (SELECT * FROM transactions
      WHERE kind IN ({voids}) AND sent = 'answered'
        AND issuer_id = :issuer AND left(card_masked, 6) = :prefix
        AND received_at BETWEEN :since AND :until
      ORDER BY received_at DESC LIMIT {most}) t
LEFT JOIN transactions o ON o.id = t.original_id AND o.merchant_id = t.merchant_id;

-- name: likely
-- description: Approved sales that a void with a wrong number may mean.
SELECT {columns} FROM transactions t
WHERE t.merchant_id = :merchant AND t.card_hash = :card AND t.received_at >= :since
  AND t.state = 'approved' AND t.kind = ANY (:kinds::text[])
ORDER BY (t.amount = :amount) DESC, t.received_at DESC LIMIT 3;
