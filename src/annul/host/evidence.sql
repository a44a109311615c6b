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

-- name: terminals
-- description: Add to what went wrong with terminals this minute.
INSERT INTO terminal_stats (merchant_id, terminal_id, minute, link_drops, reversals, wrong_mac)
SELECT * FROM unnest(:merchant_id::text[], :terminal_id::text[], :minute::timestamptz[],
                     :link_drops::integer[], :reversals::integer[], :wrong_mac::integer[])
ON CONFLICT (terminal_id, minute, merchant_id) DO UPDATE
SET link_drops = terminal_stats.link_drops + excluded.link_drops,
    reversals = terminal_stats.reversals + excluded.reversals,
    wrong_mac = terminal_stats.wrong_mac + excluded.wrong_mac;

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
