-- What is known of a failed void, refund or completion, read when it is asked for. $n as named in each description.

-- name: void
-- description: A transaction by id ($1), whoever its merchant is.
SELECT {columns} FROM transactions t WHERE t.id = $1;

-- name: void_by_rrn
-- description: The latest void, refund or completion with a reference number ($1).
SELECT {columns} FROM transactions t
WHERE t.rrn = $1 AND t.kind = ANY ($2::text[]) ORDER BY t.received_at DESC LIMIT 1;

-- name: refusal
-- description: What was refused before it was a transaction, by id ($1) or reference number ($2).
SELECT merchant_id, id, terminal_id, kind, batch, trace, rrn, amount, card_masked, card_hash,
       response_code, rule, original_batch, original_trace, received_at, business_date
FROM refusals WHERE id = $1 OR rrn = $2 ORDER BY received_at DESC LIMIT 1;

-- name: named
-- description: The original that a refused void names: merchant, terminal, batch, trace.
SELECT {columns} FROM transactions t
WHERE t.merchant_id = $1 AND t.terminal_id = $2 AND t.batch = $3 AND t.trace = $4;

-- name: history
-- description: An original ($2) and all that refers to it, oldest first, as they stood at one moment.
SELECT {columns} FROM transactions t WHERE t.merchant_id = $1 AND (t.id = $2 OR t.original_id = $2)
ORDER BY t.received_at, t.id;

-- name: owed
-- description: What issuers are still asked for transactions ($2), and what they answered last.
SELECT transaction_id, kind, attempts, last_code FROM outbox
WHERE merchant_id = $1 AND transaction_id = ANY ($2::uuid[]) AND pending;

-- name: card
-- description: The card's day: $1 card, $2 its beginning, $3 kinds of voids, $4 the void, $5 its time.
SELECT count(*) FILTER (WHERE kind = ANY ($3) AND state = 'approved' AND answered_at < $5)
           AS voids,
       max(answered_at) FILTER (WHERE kind = ANY ($3) AND state = 'approved' AND answered_at < $5)
           AS last_void,
       count(*) FILTER (WHERE state = 'declined' AND sent = 'answered' AND kind <> ALL ($3))
           AS declines,
       (array_agg(response_code ORDER BY received_at DESC)
           FILTER (WHERE state = 'declined' AND sent = 'answered' AND kind <> ALL ($3)))[1]
           AS decline_code,
       coalesce(bool_or(state IN ('approved', 'voided') AND kind <> ALL ($3) AND received_at > $5),
                false) AS approved_after
FROM transactions WHERE card_hash = $1 AND received_at >= $2 AND id <> $4;

-- name: terminal
-- description: A terminal as it is set up, and its trouble of the last hour.
SELECT t.active, t.signed_in, t.kinds, t.amount_limit, t.serial, t.information, t.software,
       t.wanted_software, coalesce(s.link_drops, 0) AS link_drops,
       coalesce(s.reversals, 0) AS reversals, coalesce(s.wrong_mac, 0) AS wrong_mac
FROM terminals t
LEFT JOIN (
    SELECT sum(link_drops) AS link_drops, sum(reversals) AS reversals, sum(wrong_mac) AS wrong_mac
    FROM terminal_stats
    WHERE terminal_id = $2 AND merchant_id = $1 AND minute BETWEEN $3 AND $4) s ON true
WHERE t.merchant_id = $1 AND t.terminal_id = $2;

-- name: merchant
-- description: A merchant's contract and money.
SELECT m.active, m.void_needs_balance, m.pending_covers, coalesce(b.available, 0) AS available,
       coalesce(b.pending, 0) AS pending, coalesce(b.frozen, 0) AS frozen,
       coalesce(b.reserved, 0) AS reserved
FROM merchants m
LEFT JOIN merchant_balances b ON b.merchant_id = m.merchant_id AND b.currency = m.currency
WHERE m.merchant_id = $1;

-- name: issuer
-- description: How an issuer did, in slots: $1 issuer, $2 from, $3 until.
SELECT slot, requests, silent, late, link_drops, garbled, codes, latencies, tail
FROM issuer_stats WHERE issuer_id = $1 AND slot BETWEEN $2 AND $3;

-- name: bin
-- description: What an issuer said to voids of a card range: $1 issuer, $2 prefix, $3 from, $4 until.
SELECT response_code, count(DISTINCT original_id)::integer AS originals FROM transactions
WHERE kind IN ({voids}) AND sent = 'answered'
  AND issuer_id = $1 AND left(card_masked, 6) = $2 AND received_at BETWEEN $3 AND $4
GROUP BY response_code;

-- name: policies
-- description: The rules of an issuer, all that were ever set.
SELECT kind, number, valid_from, valid_until, id::text FROM policies WHERE issuer_id = $1;

-- name: meanings
-- description: What an issuer means by its codes.
SELECT response_code, cause FROM code_meanings WHERE issuer_id = $1;

-- name: incidents
-- description: Open incidents about transactions of an issuer.
SELECT count(*) FROM incidents i
JOIN transactions t ON t.merchant_id = i.merchant_id AND t.id = i.transaction_id
WHERE i.closed_at IS NULL AND t.issuer_id = $1;

-- name: likely
-- description: Approved sales that a void with a wrong number may mean: $1 merchant, $2 card, $3 amount.
SELECT {columns} FROM transactions t
WHERE t.merchant_id = $1 AND t.card_hash = $2 AND t.received_at >= $4
  AND t.state = 'approved' AND t.kind = ANY ($5::text[])
ORDER BY (t.amount = $3) DESC, t.received_at DESC LIMIT 3;
