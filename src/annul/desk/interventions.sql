-- name: listed
-- description: What is in force, waits for a second person or begins later; then what ended last. Or one of them.
SELECT id, merchant_id, issuer_id, terminal_id, kind, amount, valid_from, valid_until, set_by, set_at,
       reason, confirmed_by, confirmed_at, ended_by, ended_at,
       CASE WHEN ended_at IS NOT NULL OR valid_until <= :now THEN 'ended'
            WHEN confirmed_by = '' AND kind = ANY(:dual::text[]) THEN 'proposed'
            WHEN valid_from > :now THEN 'later' ELSE 'in_force' END AS state
FROM interventions
WHERE CASE WHEN :id::uuid IS NOT NULL THEN id = :id
           ELSE (ended_at IS NULL AND valid_until > :now) OR id IN (
               SELECT id FROM interventions WHERE ended_at IS NOT NULL OR valid_until <= :now
               ORDER BY coalesce(ended_at, valid_until) DESC LIMIT :past) END
ORDER BY ended_at IS NOT NULL OR valid_until <= :now, coalesce(ended_at, valid_until) DESC, id;

-- name: one
-- description: One of them, as it was set.
SELECT merchant_id, issuer_id, terminal_id, kind, amount, valid_until, set_by
FROM interventions WHERE merchant_id = :merchant AND id = :id;
