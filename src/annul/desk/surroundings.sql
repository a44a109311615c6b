-- name: names
-- description: Whose case it is in words, and from which amount on it takes two people.
SELECT m.name_zh AS merchant_zh, m.name_en AS merchant_en, m.second_person_from,
       i.name_zh AS issuer_zh, i.name_en AS issuer_en
FROM (SELECT :merchant::text AS merchant_id, :issuer::text AS issuer_id) asked
LEFT JOIN merchants m USING (merchant_id)
LEFT JOIN issuers i USING (issuer_id);

-- name: answers
-- description: What an issuer answered to all within a span: how many, how many approved, with one code.
SELECT coalesce(sum(requests), 0)::integer AS requests,
       coalesce(sum(approvals), 0)::integer AS approvals,
       coalesce(sum(silent), 0)::integer AS silent,
       coalesce(sum((codes ->> :code)::integer), 0)::integer AS same_code,
       max(slot) FILTER (WHERE approvals > 0) AS approved_at
FROM issuer_stats
WHERE issuer_id = :issuer AND slot >= :since AND slot <= :until;

-- name: alike
-- description: Other cases of an issuer opened within a span, the first ones first; with how many there are.
SELECT number, card_masked, cause, opened_at, count(*) OVER () AS many
FROM cases
WHERE opened_at >= :since AND opened_at <= :until AND issuer_id = :issuer AND id <> :case
ORDER BY opened_at LIMIT :limit;
