-- name: back
-- description: What a shop did in the last hours is put days back, each card with all of its own.
UPDATE transactions t SET
    business_date = t.business_date - s.days,
    received_at = t.received_at - make_interval(days => s.days) + :later::interval,
    answered_at = t.answered_at - make_interval(days => s.days) + :later::interval,
    ended_at = t.ended_at - make_interval(days => s.days) + :later::interval
FROM (SELECT card_hash,
             (:least::int + dense_rank() OVER (ORDER BY card_hash) % :days)::int AS days
      FROM (SELECT DISTINCT card_hash FROM transactions
            WHERE merchant_id = :merchant
              AND received_at > :now::timestamptz - interval '3 hours') cards) s
WHERE t.merchant_id = :merchant AND t.card_hash = s.card_hash
  AND t.received_at > :now::timestamptz - interval '3 hours';

-- name: unlearnt
-- description: Samples of a shop are forgotten that were taken before it was written back.
DELETE FROM void_samples WHERE merchant_id = :merchant;

-- name: nothing_open
-- description: Whether nothing of a shop is under way.
SELECT NOT EXISTS (SELECT FROM transactions WHERE merchant_id = :merchant
                   AND state IN ('received', 'sent', 'unknown', 'reversing'));
