-- name: terminal_sells_alone
-- description: A terminal is set up for sales and refunds and nothing else.
UPDATE terminals SET kinds = ARRAY['sale', 'refund']
WHERE terminal_id = :terminal AND merchant_id = :merchant;

-- name: terminal_does_all
-- description: A terminal does whatever its shop may.
UPDATE terminals SET kinds = NULL WHERE terminal_id = :terminal AND merchant_id = :merchant;

-- name: terminal_limit
-- description: A terminal takes up to so much, in minor units.
UPDATE terminals SET amount_limit = :amount
WHERE terminal_id = :terminal AND merchant_id = :merchant;

-- name: terminal_outdated
-- description: A terminal is wanted to have software that it has not.
UPDATE terminals SET wanted_software = '31311001'
WHERE terminal_id = :terminal AND merchant_id = :merchant;

-- name: terminal_as_it_is
-- description: A terminal is wanted to have the software that it has.
UPDATE terminals SET wanted_software = '', wants = ''
WHERE terminal_id = :terminal AND merchant_id = :merchant;

-- name: file_counts
-- description: Whether a clearing file counts.
SELECT state = 'committed' FROM clearing_files WHERE id = :file;

-- name: terminal_signed_off
-- description: The host does not hold a terminal for signed in.
UPDATE terminals SET signed_in = false
WHERE terminal_id = :terminal AND merchant_id = :merchant;

-- name: terminal_switched_off
-- description: A terminal's registration is ended.
UPDATE terminals SET active = false WHERE terminal_id = :terminal AND merchant_id = :merchant;

-- name: shop_switched_off
-- description: A shop's contract is ended.
UPDATE merchants SET active = false WHERE merchant_id = :merchant;

-- name: shop_pending_covers_nothing
-- description: By a shop's contract what is on its way covers no void.
UPDATE merchants SET pending_covers = false WHERE merchant_id = :merchant;

-- name: shop_pays_no_fees
-- description: A shop is one of those that pay nothing.
UPDATE merchants SET pricing = 'welfare' WHERE merchant_id = :merchant;

-- name: shop_voids_are_covered
-- description: By a shop's contract its voids are covered by its money.
UPDATE merchants SET void_needs_balance = true WHERE merchant_id = :merchant;

-- name: shop_does_nothing_unasked
-- description: At this shop nothing is tried again, or refunded instead, without being asked.
UPDATE merchants SET retry_voids = false, refund_instead_limit = 0
WHERE merchant_id = :merchant;

-- name: shop_money
-- description: A shop has so much, in minor units.
UPDATE merchant_balances SET pending = :pending, available = :available, frozen = :frozen
WHERE merchant_id = :merchant;

-- name: policy
-- description: The acquirer is told of a rule of an issuer.
INSERT INTO policies (issuer_id, id, kind, number, valid_from, valid_until, set_by, set_at)
VALUES (:issuer, gen_random_uuid(), :kind, :number, :valid_from, :valid_until, 'scene', :set_at);

-- name: windows_over
-- description: What an issuer had announced ends.
UPDATE policies SET valid_until = :now
WHERE issuer_id = :issuer AND kind IN ('maintenance', 'end_of_day');

-- name: code_meaning
-- description: The acquirer is told what an issuer means by a code.
INSERT INTO code_meanings VALUES (:issuer, :code, :cause);

-- name: day_before
-- description: Sales of a shop's terminal belong to the business day before, made so long ago.
UPDATE transactions SET business_date = business_date - 1,
    received_at = received_at - :ago::interval, answered_at = answered_at - :ago::interval
WHERE merchant_id = :merchant AND terminal_id = :terminal AND trace = ANY (:traces)
  AND kind = 'sale';

-- name: earlier
-- description: Sales of a shop's terminal were made so long ago, on the same day.
UPDATE transactions SET
    received_at = received_at - :ago::interval, answered_at = answered_at - :ago::interval
WHERE merchant_id = :merchant AND terminal_id = :terminal AND trace = ANY (:traces)
  AND kind = 'sale';

-- name: fee
-- description: What a shop has paid for a sale, in minor units.
SELECT fee FROM transactions WHERE merchant_id = :merchant AND rrn = :rrn AND kind = 'sale';

-- name: void_sent
-- description: Whether a void of a terminal waits for its issuer.
SELECT count(*) > 0 FROM transactions
WHERE merchant_id = :merchant AND terminal_id = :terminal AND kind = 'void' AND state = 'sent';

-- name: void_interrupted
-- description: Whether a void of a terminal was cut short in the host since a moment.
SELECT count(*) > 0 FROM transactions
WHERE merchant_id = :merchant AND terminal_id = :terminal AND kind = 'void'
  AND why = 'host_interrupted' AND received_at > :since;

-- name: void_approved
-- description: Whether a void of a terminal was approved since a moment.
SELECT count(*) > 0 FROM transactions
WHERE merchant_id = :merchant AND terminal_id = :terminal AND kind = 'void'
  AND state = 'approved' AND received_at > :since;

-- name: voids_answered_late
-- description: Whether so many voids of a terminal were answered after their time.
SELECT count(*) >= :voids FROM transactions
WHERE merchant_id = :merchant AND terminal_id = :terminal AND kind = 'void' AND late_code <> '';

-- name: nothing_sent
-- description: Whether nothing of a shop waits for anybody; what is being reversed may.
SELECT NOT EXISTS (SELECT FROM transactions WHERE merchant_id = :merchant
                   AND state IN ('received', 'sent', 'unknown'));
