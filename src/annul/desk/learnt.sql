-- name: rules
-- description: Rules that an issuer seems to go by, and the latest of those that have ended.
SELECT * FROM (
    SELECT * FROM learnt_rules WHERE issuer_id = :issuer AND ended_at IS NULL
    UNION ALL
    (SELECT * FROM learnt_rules WHERE issuer_id = :issuer AND ended_at IS NOT NULL
     ORDER BY ended_at DESC LIMIT :past)) r
ORDER BY ended_at DESC NULLS FIRST, state = 'dismissed', sure DESC, first_seen, id;

-- name: rule
-- description: One rule that has not ended.
SELECT * FROM learnt_rules
WHERE issuer_id = :issuer AND id = :id AND ended_at IS NULL;

-- name: dismiss
-- description: Let a rule count for nothing until its evidence has doubled, nor the policy made of it.
WITH dismissed AS (
    UPDATE learnt_rules SET state = 'dismissed', dismissed_with = refused_beyond
    WHERE issuer_id = :issuer AND id = :id AND ended_at IS NULL AND state <> 'dismissed'
    RETURNING id, policy_id
), ended AS (
    UPDATE policies p SET valid_until = greatest(:now, p.valid_from + interval '1 microsecond')
    FROM dismissed d
    WHERE p.issuer_id = :issuer AND p.id = d.policy_id AND p.valid_until IS NULL
)
SELECT id FROM dismissed;

-- name: suspect
-- description: Let a rule count again that was dismissed.
UPDATE learnt_rules SET state = 'suspected'
WHERE issuer_id = :issuer AND id = :id AND ended_at IS NULL AND state = 'dismissed' RETURNING id;

-- name: answers
-- description: The latest answers that a rule is about, of either kind so many, as a picture shows them.
-- `value` is what the rule is about: minor units, seconds, a count, or minutes of the day.
WITH about AS (
    SELECT v.at, v.ok, v.code,
           CASE :rule::text WHEN 'count' THEN v.place WHEN 'interval' THEN v.since_s
                WHEN 'age' THEN v.age_s WHEN 'hours' THEN v.minute WHEN 'day_end' THEN v.minute
                ELSE v.amount END AS value
    FROM void_samples v
    WHERE v.issuer_id = :issuer AND starts_with(v.prefix, :prefix) AND v.role = :role
), known AS (SELECT * FROM about WHERE value IS NOT NULL)
(SELECT at, ok, code, value FROM known WHERE ok ORDER BY at DESC LIMIT :most)
UNION ALL
(SELECT at, ok, code, value FROM known WHERE NOT ok ORDER BY at DESC LIMIT :most)
ORDER BY at;
