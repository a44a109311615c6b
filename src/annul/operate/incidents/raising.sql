-- What annul sees of itself and of its issuers, and is told of as long as it lasts.

-- name: circuits
-- description: Open circuits behind which cases wait.
SELECT c.issuer_id, c.next_probe_at, k.cases
FROM circuits c
CROSS JOIN LATERAL (
    SELECT count(*)::integer AS cases FROM cases WHERE ended = '' AND issuer_id = c.issuer_id) k
WHERE c.open AND k.cases > 0;

-- name: owed
-- description: Issuers to whom much is owed, and some of it for long.
SELECT issuer_id, count(*)::integer AS count, min(created_at) AS since FROM outbox WHERE pending
GROUP BY issuer_id HAVING count(*) >= :least AND min(created_at) <= :before;

-- name: deliveries
-- description: How many deliveries of webhooks are due, and since when the oldest is owed.
SELECT count(*)::integer AS count, min(since) AS since FROM webhook_outbox
WHERE state = 'owed' AND next_attempt_at <= :now;

-- name: refused
-- description: Sign-ins that were refused lately.
SELECT coalesce(sum(failures), 0)::integer AS count, count(DISTINCT name)::integer AS names,
       count(DISTINCT address)::integer AS addresses
FROM sign_in_tries WHERE tried_at > :since AND failures > 0;
