-- name: of_till
-- description: What somebody began at tills since a time, with the voucher that it was about: read of the audit.
SELECT a.at, split_part(a.object, ' ', 2) AS merchant_id, split_part(a.object, ' ', 3) AS terminal_id,
       a.detail ->> 'kind' AS kind, (a.detail ->> 'amount')::bigint AS amount,
       a.detail ->> 'batch' AS batch, a.detail ->> 'voucher' AS voucher
FROM audit a WHERE a.who = :person AND a.at >= :since AND a.action = 'till'

-- name: undone_at_till
-- description: What was sold and then undone at a till by somebody, with what the issuer approved for it.
SELECT w.at, o.id AS original_id, o.merchant_id, o.terminal_id, o.batch, o.trace AS voucher, o.state,
       u.kind, u.amount, u.currency, u.rrn AS reference, u.received_at
FROM ({of_till}) w
JOIN transactions o ON o.trace = w.voucher AND o.terminal_id = w.terminal_id AND o.batch = w.batch
                   AND o.merchant_id = w.merchant_id
JOIN transactions u ON u.original_id = o.id AND u.merchant_id = o.merchant_id AND u.kind = w.kind
                   AND u.received_at >= w.at AND u.state = 'approved'

-- name: sold
-- description: A sale that somebody made at a till, and that the issuer approved.
SELECT s.received_at AS at, s.trace AS voucher, s.rrn AS reference, s.terminal_id AS terminal, s.amount,
       s.currency
FROM ({of_till}) w
JOIN LATERAL (
    SELECT t.* FROM transactions t
    WHERE t.merchant_id = w.merchant_id AND t.terminal_id = w.terminal_id AND t.batch = w.batch
      AND t.kind = w.kind AND t.amount = w.amount
      AND t.received_at >= w.at AND t.received_at < w.at + interval '5 minutes'
    ORDER BY t.received_at LIMIT 1
) s ON true
WHERE w.kind IN ({sales}) AND s.state IN ('approved', 'voided', 'partly_refunded', 'refunded')
ORDER BY s.received_at LIMIT 1;

-- name: voided
-- description: A sale that somebody voided at a till.
SELECT received_at AS at, voucher, reference, terminal_id AS terminal, amount, currency
FROM ({undone_at_till}) undone
WHERE kind IN ({voids}) AND state = 'voided'
ORDER BY received_at LIMIT 1;

-- name: slip_read
-- description: The same, by the reference number that stands on its slip.
SELECT received_at AS at, voucher, reference, terminal_id AS terminal, amount, currency
FROM ({undone_at_till}) undone
WHERE kind IN ({voids}) AND state = 'voided' AND reference = :given
ORDER BY received_at LIMIT 1;

-- name: refunded
-- description: A refund that somebody made at a till of a sale whose batch was settled, so that no void could be.
SELECT undone.received_at AS at, voucher, reference, undone.terminal_id AS terminal, undone.amount,
       undone.currency
FROM ({undone_at_till}) undone
JOIN batches b ON b.merchant_id = undone.merchant_id AND b.terminal_id = undone.terminal_id
              AND b.batch = undone.batch AND b.settled_at <= undone.received_at
WHERE kind IN ({refunds})
ORDER BY undone.received_at LIMIT 1;

-- name: failed
-- description: A void that somebody tried at a till and that became a case.
SELECT c.opened_at AS at, c.number, c.terminal_id AS terminal, c.amount, c.currency, c.id AS case_id,
       c.merchant_id
FROM ({of_till}) w
JOIN transactions o ON o.trace = w.voucher AND o.terminal_id = w.terminal_id AND o.batch = w.batch
                   AND o.merchant_id = w.merchant_id
JOIN cases c ON c.original_id = o.id AND c.merchant_id = o.merchant_id AND c.opened_at >= w.at
WHERE w.kind IN ({voids})

-- name: void_failed
-- description: A void that somebody tried and that became a case.
SELECT at, number, terminal, amount, currency FROM ({failed}) failed ORDER BY at LIMIT 1;

-- name: case_named
-- description: The same, by the number of the case that stands on the slip.
SELECT at, number, terminal, amount, currency FROM ({failed}) failed
WHERE number = :given ORDER BY at LIMIT 1;

-- name: told
-- description: The notice by which somebody's till learnt how a void of theirs has ended.
SELECT n.delivered_at AS at, failed.number, failed.terminal, failed.amount, failed.currency
FROM ({failed}) failed
JOIN notices n ON n.case_id = failed.case_id AND n.merchant_id = failed.merchant_id
JOIN cases c ON c.id = failed.case_id AND c.merchant_id = failed.merchant_id
WHERE n.delivered_at IS NOT NULL AND c.ended IN ('voided', 'refunded', 'refused')
ORDER BY n.delivered_at LIMIT 1;

-- name: acted
-- description: The first of some acts of somebody that the audit has, about what.
SELECT at, action, object FROM audit
WHERE who = :person AND at >= :since AND action = ANY(:actions)
ORDER BY at, id LIMIT 1;

-- name: acted_after
-- description: One of some acts of somebody about something that they had read just before.
SELECT a.at, a.action, a.object FROM audit a
WHERE a.who = :person AND a.at >= :since AND a.action = ANY(:actions)
  AND EXISTS (SELECT FROM audit r WHERE r.who = a.who AND r.action = 'read-case' AND r.object = a.object
                                    AND r.at <= a.at AND r.at >= a.at - interval '1 hour')
ORDER BY a.at, a.id LIMIT 1;

-- name: approved_by_another
-- description: An order of somebody that a second person has approved.
SELECT o.decided_at AS at, o.decided_by AS other, o.amount, m.currency
FROM orders o JOIN merchants m ON m.merchant_id = o.merchant_id
WHERE o.asked_by = :person AND o.asked_at >= :since AND o.act <> 'raise_limit'
  AND o.state IN ('approved', 'carried_out') AND o.decided_by <> ''
ORDER BY o.decided_at LIMIT 1;

-- name: approved_of_another
-- description: An order of somebody else that this person has decided on.
SELECT o.decided_at AS at, o.asked_by AS other, o.amount, m.currency
FROM orders o JOIN merchants m ON m.merchant_id = o.merchant_id
WHERE o.decided_by = :person AND o.decided_at >= :since AND o.state IN ('approved', 'carried_out', 'rejected')
ORDER BY o.decided_at LIMIT 1;

-- name: is_there
-- description: Whether this installation has a table.
SELECT to_regclass(:table) IS NOT NULL;

-- name: playbook_run
-- description: A playbook that somebody started and that has run to its end.
SELECT ended_at AS at, number, playbook AS object FROM playbook_runs
WHERE started_by = :person AND started_at >= :since AND state = 'done'
ORDER BY ended_at LIMIT 1;
