-- What is kept of voids, refunds and completions that fail, for the diagnosis and for the proof.

-- name: messages
-- description: Masked messages of what failed; a repeat adds nothing.
INSERT INTO messages (merchant_id, transaction_id, line, direction, at, mti, fields)
SELECT * FROM unnest(:merchant_id::text[], :transaction_id::uuid[], :line::smallint[],
                     :direction::text[], :at::timestamptz[], :mti::text[], :fields::jsonb[])
ON CONFLICT DO NOTHING;

-- name: refusals
-- description: What was refused before it became a transaction, each once; gives the number of each.
WITH came AS (
    SELECT DISTINCT ON (digest, merchant_id) *
    FROM unnest(:merchant_id::text[], :id::uuid[], :terminal_id::text[], :kind::text[],
                :batch::text[], :trace::text[], :rrn::text[], :amount::bigint[],
                :card_masked::text[], :card_hash::bytea[], :response_code::text[], :rule::text[],
                :original_batch::text[], :original_trace::text[], :received_at::timestamptz[],
                :business_date::date[], :digest::bytea[])
        AS c (merchant_id, id, terminal_id, kind, batch, trace, rrn, amount, card_masked,
              card_hash, response_code, rule, original_batch, original_trace, received_at,
              business_date, digest)
), kept AS (
    INSERT INTO refusals (merchant_id, id, terminal_id, kind, batch, trace, rrn, amount,
                          card_masked, card_hash, response_code, rule, original_batch,
                          original_trace, received_at, business_date, digest)
    SELECT * FROM came
    ON CONFLICT DO NOTHING
    RETURNING merchant_id, digest, rrn
)
SELECT merchant_id, digest, rrn FROM kept
UNION ALL
SELECT r.merchant_id, r.digest, r.rrn FROM refusals r JOIN came c
  ON r.digest = c.digest AND r.merchant_id = c.merchant_id;

-- name: without_row
-- description: Places of those requests, by their keys, that no transaction was written for.
SELECT c.place
FROM unnest(:merchant_id::text[], :terminal_id::text[], :batch::text[], :trace::text[])
    WITH ORDINALITY AS c (merchant_id, terminal_id, batch, trace, place)
WHERE NOT EXISTS (
    SELECT FROM transactions t
    WHERE t.merchant_id = c.merchant_id AND t.terminal_id = c.terminal_id
      AND t.batch = c.batch AND t.trace = c.trace);

-- name: terminals
-- description: Add to what went wrong with terminals this minute.
-- What fits ends a row of guesses; `in_row` are those after it.
INSERT INTO terminal_stats (merchant_id, terminal_id, minute, link_drops, reversals, wrong_mac,
                            guessed, fitting, in_row)
SELECT * FROM unnest(:merchant_id::text[], :terminal_id::text[], :minute::timestamptz[],
                     :link_drops::integer[], :reversals::integer[], :wrong_mac::integer[],
                     :guessed::integer[], :fitting::integer[], :in_row::integer[])
ON CONFLICT (terminal_id, minute, merchant_id) DO UPDATE
SET link_drops = terminal_stats.link_drops + excluded.link_drops,
    reversals = terminal_stats.reversals + excluded.reversals,
    wrong_mac = terminal_stats.wrong_mac + excluded.wrong_mac,
    guessed = terminal_stats.guessed + excluded.guessed,
    fitting = terminal_stats.fitting + excluded.fitting,
    in_row = CASE WHEN excluded.fitting > 0 THEN 0 ELSE terminal_stats.in_row END
           + excluded.in_row;

-- name: guesses
-- description: How often terminals guess, in a row and lately, and how often their shops do.
SELECT a.merchant_id, a.terminal_id, mine.in_row, mine.lately, shop.guessed, shop.fitting,
       EXISTS (SELECT FROM incidents i
               WHERE i.kind = 'vouchers_guessed' AND i.merchant_id = a.merchant_id
                 AND i.closed_at IS NULL) AS told
FROM unnest(:merchant_id::text[], :terminal_id::text[]) AS a (merchant_id, terminal_id)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(in_row) FILTER (WHERE minute >= coalesce(fits, minute)), 0)::integer
               AS in_row,
           coalesce(sum(guessed) FILTER (WHERE minute > :since), 0)::integer AS lately
    FROM (SELECT minute, in_row, guessed, max(minute) FILTER (WHERE fitting > 0) OVER () AS fits
          FROM terminal_stats
          WHERE terminal_id = a.terminal_id AND merchant_id = a.merchant_id
            AND minute > :row_since) m) mine
CROSS JOIN LATERAL (
    SELECT coalesce(sum(s.guessed), 0)::integer AS guessed,
           coalesce(sum(s.fitting), 0)::integer AS fitting
    FROM terminals t
    JOIN terminal_stats s ON s.terminal_id = t.terminal_id AND s.merchant_id = t.merchant_id
    WHERE t.merchant_id = a.merchant_id AND s.minute > :since) shop;

-- name: quiet
-- description: Close what is told of guessed vouchers where none has been guessed for a while.
WITH ended AS (
    SELECT merchant_id, kind, subject, :now::timestamptz AS at FROM incidents i
    WHERE kind = 'vouchers_guessed' AND closed_at IS NULL AND opened_at <= :since
      AND NOT EXISTS (
          SELECT FROM terminal_stats s
          WHERE s.terminal_id = i.subject AND s.merchant_id = i.merchant_id
            AND s.minute > :since AND s.guessed > 0)
)
{close_ended};

-- name: links
-- description: How this process sees its line to an issuer.
INSERT INTO issuer_links (issuer_id, node, up, trouble, health, odd, at)
VALUES (:issuer, :node, :up, :trouble, :health, :odd, :now)
ON CONFLICT (issuer_id, node) DO UPDATE
SET up = excluded.up, trouble = excluded.trouble, health = excluded.health, odd = excluded.odd,
    at = excluded.at;

-- name: issuers
-- description: Replace the slots of this process with what they have come to.
INSERT INTO issuer_stats (issuer_id, node, slot, requests, approvals, silent, not_sent, late, faults,
                          voids, void_approvals, link_drops, garbled, codes, latencies, tail)
VALUES (:issuer, :node, :slot, :requests, :approvals, :silent, :not_sent, :late, :faults,
        :voids, :void_approvals, :link_drops, :garbled, :codes, :latencies, :tail)
ON CONFLICT (slot, issuer_id, node) DO UPDATE
SET requests = excluded.requests, approvals = excluded.approvals, silent = excluded.silent,
    not_sent = excluded.not_sent, late = excluded.late, faults = excluded.faults,
    voids = excluded.voids, void_approvals = excluded.void_approvals,
    link_drops = excluded.link_drops, garbled = excluded.garbled, codes = excluded.codes,
    latencies = excluded.latencies, tail = excluded.tail;
