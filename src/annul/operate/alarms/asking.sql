-- What failed in a stream, so that the diagnosis can be asked about it.

-- name: failing
-- description: The latest failed transactions of a stream since then, among the latest of all traffic.
-- Bounded by how many of all are looked at: a rare stream at a busy host may have none among them.
SELECT t.id, t.issuer_id
FROM (SELECT id, merchant_id, terminal_id, issuer_id, kind, card_masked, state, sent, response_code,
             why, received_at, answered_at
      FROM transactions WHERE received_at >= :since::timestamptz
      ORDER BY received_at DESC LIMIT :looked) t
WHERE :issuer::text IN ('', t.issuer_id) AND :kind::text IN ('', t.kind)
  AND :merchant::text IN ('', t.merchant_id)
  AND (:card_range::text = '' OR left(t.card_masked, 6) = :card_range)
  AND (:software::text = '' OR EXISTS (
      SELECT FROM terminals x WHERE x.merchant_id = t.merchant_id
         AND x.terminal_id = t.terminal_id AND x.software = :software))
  AND CASE :measure::text
      WHEN 'approvals_dropped' THEN t.sent = 'answered' AND t.response_code NOT IN ('', {booked}, {faults})
      WHEN 'faults_rose' THEN t.response_code IN ({faults})
      WHEN 'went_silent' THEN (t.sent = 'possibly_sent' OR t.why LIKE 'link_%')
           AND t.state IN ('unknown', 'reversing', 'reversed', 'declined')
      ELSE t.answered_at - t.received_at > make_interval(secs => :slow_s::float8) END
ORDER BY t.received_at DESC LIMIT :most;

-- name: unsure
-- description: Transactions of a stream since then of which nobody knows the outcome: how many, what money.
SELECT coalesce(sum(n), 0)::integer AS count, coalesce(json_object_agg(currency, amount), '{}')::jsonb AS money
FROM (SELECT t.currency, count(*) AS n, sum(t.amount)::bigint AS amount
      FROM transactions t
      WHERE t.state IN ('unknown', 'reversing') AND t.received_at >= :since::timestamptz
        AND :issuer::text IN ('', t.issuer_id) AND :kind::text IN ('', t.kind)
        AND :merchant::text IN ('', t.merchant_id)
        AND (:card_range::text = '' OR left(t.card_masked, 6) = :card_range)
        AND (:software::text = '' OR EXISTS (
            SELECT FROM terminals x WHERE x.merchant_id = t.merchant_id
               AND x.terminal_id = t.terminal_id AND x.software = :software))
      GROUP BY t.currency) m;
