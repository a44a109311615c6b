-- Issuers that people hold.

-- name: held
-- description: When issuers were held, or are: what people put in force for a time, and windows that were announced.
SELECT issuer_id, valid_from AS since, coalesce(ended_at, valid_until) AS until FROM interventions
WHERE kind IN ({silencing}) AND valid_from <= :now
  AND (ended_at > greatest(valid_from, :back) OR ended_at IS NULL AND valid_until > :back)
UNION ALL
SELECT issuer_id, valid_from, least(valid_until, :now + interval '1 minute') FROM policies
WHERE kind IN ({windows}) AND valid_from <= :now AND (valid_until IS NULL OR valid_until > :back);
