-- What is kept of voids, refunds and completions that fail, for the diagnosis and for the proof.

-- name: messages
-- description: Masked messages of what failed; a repeat adds nothing.
INSERT INTO messages (merchant_id, transaction_id, line, direction, at, mti, fields)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::smallint[], $4::text[], $5::timestamptz[],
                     $6::text[], $7::jsonb[])
ON CONFLICT DO NOTHING;

-- name: refusals
-- description: What was refused before it became a transaction, each once; gives the number of each.
WITH came AS (
    SELECT DISTINCT ON (digest, merchant_id) *
    FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::text[], $8::bigint[], $9::text[], $10::bytea[], $11::text[], $12::text[],
                $13::text[], $14::text[], $15::timestamptz[], $16::date[], $17::bytea[])
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
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::integer[], $5::integer[],
                     $6::integer[])
ON CONFLICT (terminal_id, minute, merchant_id) DO UPDATE
SET link_drops = terminal_stats.link_drops + excluded.link_drops,
    reversals = terminal_stats.reversals + excluded.reversals,
    wrong_mac = terminal_stats.wrong_mac + excluded.wrong_mac;

-- name: links
-- description: How this process sees its line to an issuer.
INSERT INTO issuer_links (issuer_id, node, up, trouble, health, at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (issuer_id, node) DO UPDATE
SET up = excluded.up, trouble = excluded.trouble, health = excluded.health, at = excluded.at;

-- name: issuers
-- description: Replace the slots of this process with what they have come to.
INSERT INTO issuer_stats (issuer_id, node, slot, requests, approvals, silent, not_sent, late, faults,
                          voids, void_approvals, link_drops, garbled, codes, latencies, tail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (slot, issuer_id, node) DO UPDATE
SET requests = excluded.requests, approvals = excluded.approvals, silent = excluded.silent,
    not_sent = excluded.not_sent, late = excluded.late, faults = excluded.faults,
    voids = excluded.voids, void_approvals = excluded.void_approvals,
    link_drops = excluded.link_drops, garbled = excluded.garbled, codes = excluded.codes,
    latencies = excluded.latencies, tail = excluded.tail;
