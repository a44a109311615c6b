-- Chargebacks as they are kept: opened, moved from stage to stage, and what their money does.

-- name: original
-- description: The transaction that is claimed, held until the database's transaction ends.
SELECT merchant_id, id, kind, state, amount, currency, issuer_id, undone, undoing, charged_back
FROM transactions WHERE merchant_id = :merchant AND id = :id FOR UPDATE;

-- name: open
-- description: Write a chargeback down; nothing where its number is known, or another one of the transaction is live.
INSERT INTO chargebacks (merchant_id, id, number, transaction_id, issuer_id, stage, reason, amount, currency,
                         file_id, line, received_at, opened_at, opened_by)
VALUES (:merchant, :id, :number, :transaction, :issuer, 'noted', :reason, :amount, :currency,
        :file, :line, :received_at, :now, :who)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: known
-- description: The chargeback of a merchant with a number.
SELECT id, stage, transaction_id, reason, amount FROM chargebacks WHERE merchant_id = :merchant AND number = :number;

-- name: lock
-- description: A chargeback that is live, held until the database's transaction ends.
SELECT {columns} FROM chargebacks c WHERE c.id = :id AND c.ended_at IS NULL FOR UPDATE;

-- name: hold
-- description: Set a part of a transaction aside for a chargeback, unless so much of it does not stand.
UPDATE transactions SET charged_back = charged_back + :amount::bigint
WHERE merchant_id = :merchant AND id = :id AND state IN ({holding}) AND undoing = 0
  AND undone + charged_back + :amount <= amount
RETURNING id;

-- name: free
-- description: What a chargeback held of a transaction stands again.
UPDATE transactions SET charged_back = charged_back - :amount::bigint
WHERE merchant_id = :merchant AND id = :id AND charged_back >= :amount
RETURNING id;

-- name: move
-- description: Move a chargeback from one stage to another, if nobody else has meanwhile.
UPDATE chargebacks
SET stage = :target, held = :held, fee = :fee, money = :money, due_at = :due_at, ended_at = :ended_at,
    told_due_at = NULL, asked = '', asked_reason = '', asked_by = '', asked_at = NULL, asked_due_at = NULL,
    events = :events, head = :head
WHERE merchant_id = :merchant AND id = :id AND stage = :source AND events = :seen
RETURNING id;

-- name: ask
-- description: Keep which act is to move a chargeback once a second person confirms it.
UPDATE chargebacks
SET asked = :act, asked_reason = :reason, asked_by = :who, asked_at = :now, asked_due_at = :due_at,
    events = :events, head = :head
WHERE merchant_id = :merchant AND id = :id AND asked = '' AND events = :seen
RETURNING id;

-- name: reject
-- description: An act that was asked for does not come.
UPDATE chargebacks
SET asked = '', asked_reason = '', asked_by = '', asked_at = NULL, events = :events, head = :head
WHERE merchant_id = :merchant AND id = :id AND asked <> '' AND events = :seen
RETURNING id;

-- name: own
-- description: Say who works on a chargeback.
UPDATE chargebacks SET owner = :owner, events = :events, head = :head
WHERE merchant_id = :merchant AND id = :id AND events = :seen
RETURNING id;

-- name: chain
-- description: Go on with the head of a chargeback's history.
UPDATE chargebacks SET events = :events, head = :head
WHERE merchant_id = :merchant AND id = :id AND events = :seen
RETURNING id;

-- name: event
-- description: Add to the history of a chargeback.
INSERT INTO chargeback_events (merchant_id, chargeback_id, line, body, hash)
VALUES (:merchant, :id, :line, :body, :hash);

-- name: documents
-- description: How many documents a chargeback has that people gave or that prove what was given back.
SELECT count(*) FROM chargeback_evidence
WHERE merchant_id = :merchant AND chargeback_id = :id AND kind <> 'wire';

-- name: told
-- description: Tell a merchant that listens of a chargeback.
INSERT INTO notifications (merchant_id, id, case_id, event, payload, created_at, next_attempt_at)
SELECT c.merchant_id, gen_random_uuid(), c.id, :event,
       jsonb_build_object('chargeback', c.id, 'merchant', c.merchant_id, 'number', c.number,
                          'transaction', c.transaction_id, 'stage', c.stage, 'reason', c.reason,
                          'amount', c.amount, 'held', c.held, 'money', c.money, 'currency', c.currency,
                          'due_at', c.due_at),
       :now::timestamptz, :now::timestamptz
FROM chargebacks c
WHERE c.merchant_id = :merchant AND c.id = :id
  AND EXISTS (SELECT FROM webhooks w WHERE w.merchant_id = c.merchant_id AND w.active);

-- name: columns
-- description: Part: the fields of `Chargeback`.
c.merchant_id, c.id, c.number, c.transaction_id, c.issuer_id, c.stage, c.reason, c.amount, c.currency, c.held,
c.fee, c.money, c.owner, c.received_at, c.due_at, c.asked, c.asked_reason, c.asked_by, c.asked_due_at,
c.events, c.head
