-- What annul asks of issuers by itself.

-- name: issuers
-- description: How issuers stand, whether they are within a window of their own, and when they were asked last.
SELECT w.scope, w.member, w.hour, w.counts, w.mean, w.upper, w.accounts, w.trails,
       nullif(w.alarms, '{}') AS alarms, w.slow_ms, w.seen_at, t.learnt_at, coalesce(t.rates, '{}') AS rates,
       coalesce(t.whole, '{}') AS whole, t.silent_since,
       (SELECT began_at FROM watch_turns) AS began_at,
       EXISTS (SELECT FROM watched k
               WHERE k.scope = 'kind' AND k.member = w.member || ' ' || :probe AND k.alarms <> '{}') AS raised,
       EXISTS (SELECT FROM policies p
               WHERE p.issuer_id = w.member AND p.kind IN ({windows}) AND p.valid_from <= :now
                 AND (p.valid_until IS NULL OR p.valid_until > :now)) AS window
FROM watched w LEFT JOIN watched_traffic t USING (scope, member)
WHERE w.scope = 'issuer' AND w.member = ANY (:issuers::text[])
  AND NOT EXISTS (SELECT FROM issuer_probes p WHERE p.issuer_id = w.member AND p.asked_at > :before);

-- name: came
-- description: How many requests of an issuer were counted since, as far as they are written down.
SELECT coalesce(sum(approved + declined + faults + silent), 0)::integer
FROM (SELECT * FROM watched_ways WHERE at >= :since
      UNION ALL SELECT * FROM watch_counts WHERE at >= :since) w
WHERE issuer_id = :issuer AND merchant = '' AND kind NOT IN ({asked});

-- name: claim
-- description: Be the one that asks; nobody else does before the interval has passed.
INSERT INTO issuer_probes AS p (issuer_id, asked_at, why, how, case_id)
VALUES (:issuer, :now, :why, :how, :case)
ON CONFLICT (issuer_id) DO UPDATE
SET asked_at = excluded.asked_at, why = excluded.why, how = excluded.how, case_id = excluded.case_id,
    outcome = '', took_ms = NULL, asked = p.asked + 1
WHERE p.asked_at <= :before
RETURNING issuer_id;

-- name: void
-- description: A void that waits for its next try, the soonest first; not the one that was asked for last.
-- Where a circuit is open its own probe asks.
SELECT c.merchant_id, c.id FROM cases c
WHERE c.issuer_id = :issuer AND c.ended = '' AND c.step = 'back_off' AND c.kind IN ({voids})
  AND c.ordered = '' AND c.task = '' AND c.assigned_until IS NULL
  AND c.next_action_at > :now AND (c.leased_until IS NULL OR c.leased_until <= :now)
  AND NOT EXISTS (SELECT FROM circuits x WHERE x.issuer_id = c.issuer_id AND x.open)
  AND NOT EXISTS (SELECT FROM issuer_probes p WHERE p.issuer_id = c.issuer_id AND p.case_id = c.id)
ORDER BY c.next_action_at LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: look
-- description: Let its case be looked at now.
UPDATE cases SET next_action_at = :now
WHERE merchant_id = :merchant AND id = :case AND ended_at IS NULL;

-- name: ended
-- description: Write what came of an echo, once.
UPDATE issuer_probes
SET outcome = :outcome, took_ms = :took_ms, unanswered = unanswered + (:outcome = :silent)::integer
WHERE issuer_id = :issuer AND asked_at = :asked_at AND how = 'echo' AND outcome = '';
