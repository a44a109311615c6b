-- name: tried
-- description: Whether each case of a shop has ended or was tried so often, and there is one.
SELECT EXISTS (SELECT FROM cases WHERE merchant_id = :merchant)
   AND NOT EXISTS (SELECT FROM cases WHERE merchant_id = :merchant AND ended = ''
                   AND tries < :tries);

-- name: over
-- description: Whether all that has failed at a shop has a case, and each case has ended.
SELECT NOT EXISTS (SELECT FROM cases WHERE merchant_id = :merchant AND ended = '')
   AND NOT EXISTS (SELECT FROM transactions WHERE merchant_id = :merchant AND NOT cased
                   AND kind = 'void' AND origin = 'terminal' AND state IN
                   ('sent', 'declined', 'unknown', 'reversing', 'reversed'))
   AND NOT EXISTS (SELECT FROM refusals WHERE merchant_id = :merchant AND NOT cased);
