-- name: worked
-- description: When each of some issuers last approved anything, and the window that is announced for it.
SELECT i.issuer_id,
       (SELECT max(slot) FROM issuer_stats
        WHERE issuer_id = i.issuer_id AND slot >= :since AND approvals > 0) AS approved_at,
       (SELECT max(valid_until) FROM policies
        WHERE issuer_id = i.issuer_id AND kind IN ('maintenance', 'end_of_day')
          AND valid_from <= :now AND valid_until > :now) AS window_until
FROM unnest(:issuers::text[]) AS i (issuer_id);

-- name: burdens
-- description: Open cases of some issuers: how many, since when, how much money, and when the next is looked at.
SELECT issuer_id, currency, count(*)::integer AS cases, sum(amount)::bigint AS amount,
       min(opened_at) AS first_at, min(next_action_at) AS next_at
FROM cases
WHERE ended = '' AND issuer_id = ANY (:issuers::text[])
GROUP BY issuer_id, currency ORDER BY issuer_id, currency;
