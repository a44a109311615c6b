-- The sweep for contradictions. Every question looks at the rows of one span of time, of these at
-- those with some ids if any are given, as far as they are older than `before`, and gives at most
-- `limit` of them. Each is one statement, and so one snapshot: of what is written in one commit it
-- never sees half. In braces: lists of codes, states and kinds from domain/, and what questions share.

-- name: looked
-- description: Part: transactions that are looked at.
t.received_at >= :since AND t.received_at < :until
  AND (:ids::uuid[] IS NULL OR t.id = ANY (:ids::uuid[])) AND t.received_at < :before

-- name: looked_case
-- description: Part: cases that are looked at.
t.opened_at >= :since AND t.opened_at < :until
  AND (:ids::uuid[] IS NULL OR t.id = ANY (:ids::uuid[])) AND t.opened_at < :before

-- name: of_transaction
-- description: Part: facts of every transaction.
'kind', t.kind, 'state', t.state, 'amount', t.amount, 'currency', t.currency

-- name: of_original
-- description: Part: facts of every original.
'state', o.state, 'amount', o.amount, 'currency', o.currency

-- name: originals
-- description: Part: of what is looked at what something was done to, and what the rest refers to.
WITH looked AS MATERIALIZED (
    SELECT t.merchant_id, t.id, t.original_id, t.state, t.undone, t.undoing FROM transactions t
    WHERE {looked}
), originals AS (
    SELECT merchant_id, id FROM looked
    WHERE undone > 0 OR undoing > 0 OR :ids::uuid[] IS NOT NULL
       OR state IN ('voided', 'completed', 'refunded', 'partly_refunded')
    UNION
    SELECT merchant_id, original_id FROM looked WHERE original_id IS NOT NULL
)

-- name: late_approval
-- description: Ended as declined or reversed, booked at the issuer afterwards, and nothing is owed.
SELECT t.merchant_id, t.id, t.rrn AS reference,
       jsonb_build_object({of_transaction},
                          'late_code', t.late_code, 'late_at', t.late_at) AS facts
FROM transactions t
WHERE {looked} AND t.state IN ({ended}) AND t.late_code IN ({booked})
  AND coalesce(t.ended_at, t.received_at) < :before AND t.why NOT IN ({by_people})
  AND NOT EXISTS (
      SELECT FROM outbox b
      WHERE b.merchant_id = t.merchant_id AND b.transaction_id = t.id AND b.kind = 'reversal'
        AND (b.pending OR t.state = 'reversed' AND b.done_at >= t.late_at))
LIMIT :limit;

-- name: reversed_but_approved
-- description: Reversed here and approved there.
-- No reversal since the approval was acknowledged with plain word that it is done.
SELECT t.merchant_id, t.id, t.rrn AS reference,
       jsonb_build_object('kind', t.kind, 'amount', t.amount, 'currency', t.currency,
                          'code', t.response_code,
                          'late_code', t.late_code, 'acknowledged', b.last_code) AS facts
FROM transactions t
LEFT JOIN outbox b
  ON b.merchant_id = t.merchant_id AND b.transaction_id = t.id AND b.kind = 'reversal'
WHERE {looked} AND t.state = 'reversed' AND coalesce(t.ended_at, t.received_at) < :before
  AND t.why NOT IN ({by_people})
  AND (t.response_code IN ({booked}) OR t.late_code IN ({booked}) AND b.done_at >= t.late_at)
  AND NOT coalesce(b.pending, false) AND coalesce(b.last_code, '') NOT IN ({approved})
LIMIT :limit;

-- name: approved_then_declined
-- description: It stands as approved, and the issuer said later that it booked nothing.
SELECT t.merchant_id, t.id, t.rrn AS reference,
       jsonb_build_object({of_transaction},
                          'code', t.response_code, 'late_code', t.late_code,
                          'late_at', t.late_at) AS facts
FROM transactions t
WHERE {looked} AND t.state IN ({standing}) AND t.late_code IN ({not_done})
  AND t.why NOT IN ({by_people})
  -- Somebody was told when the answer came.
  AND NOT EXISTS (
      SELECT FROM incidents i
      WHERE i.merchant_id = t.merchant_id AND i.transaction_id = t.id
        AND i.kind = 'answers_contradict')
LIMIT :limit;

-- name: dispute_untold
-- description: Issuer and annul say different things of it, and no open incident says so.
SELECT t.merchant_id, t.id, t.rrn AS reference,
       jsonb_build_object('kind', t.kind, 'amount', t.amount, 'currency', t.currency,
                          'code', t.response_code,
                          'late_code', t.late_code) AS facts
FROM transactions t
WHERE {looked} AND t.state = 'disputed'
  AND NOT EXISTS (
      SELECT FROM incidents i
      WHERE i.merchant_id = t.merchant_id AND i.subject = t.id::text AND i.kind = 'disputed'
        AND i.closed_at IS NULL)
LIMIT :limit;

-- name: entries
-- description: What stands without its entries, or entries of what does not stand.
SELECT t.merchant_id, t.id, t.rrn AS reference,
       jsonb_build_object({of_transaction},
                          'fee', t.fee, 'receivable', e.receivable, 'income', e.income) AS facts
FROM transactions t
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.kind IN ({taking}) THEN 1 WHEN t.kind IN ({giving}) THEN -1 ELSE 0 END AS sign
) s
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE 'issuer_receivable' WHEN debit THEN amount WHEN credit THEN -amount END), 0)
               AS receivable,
           coalesce(sum(CASE 'fee_income' WHEN credit THEN amount WHEN debit THEN -amount END), 0)
               AS income,
           coalesce(sum(CASE 'scheme_cost' WHEN debit THEN amount WHEN credit THEN -amount END), 0)
               AS cost
    FROM entries
    WHERE subject = t.id AND merchant_id = t.merchant_id
) e
WHERE {looked}
  AND CASE
      WHEN t.state IN ({standing})
      THEN e.receivable <> s.sign * t.amount OR e.income <> s.sign * t.fee
      -- Taken back or questioned after it was approved: its entries stand until that has ended.
      WHEN t.state IN ('reversing', 'disputed') THEN e.receivable NOT IN (0, s.sign * t.amount)
      ELSE e.receivable <> 0 OR e.income <> 0 OR e.cost <> 0 END
LIMIT :limit;

-- name: hold_without_holder
-- description: What an original says is given back or on its way is not what refers to it holds.
{originals}
SELECT o.merchant_id, o.id, o.rrn AS reference,
       jsonb_build_object({of_original},
                          'undone', o.undone, 'held', d.held, 'undoing', o.undoing,
                          'under_way', d.under_way, 'left_over', d.left_over) AS facts
FROM originals
JOIN transactions o USING (merchant_id, id)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(holds), 0) AS held,
           coalesce(sum(holds) FILTER (WHERE state IN ({unfinished})), 0) AS under_way,
           coalesce(sum(holds) FILTER (WHERE state IN ({ended})), 0) AS left_over
    FROM transactions WHERE original_id = o.id AND merchant_id = o.merchant_id
) d
WHERE o.received_at < :before
  AND (o.undone <> d.held OR o.undoing <> d.under_way OR d.left_over <> 0)
LIMIT :limit;

-- name: undone_without_proof
-- description: An original in a state that nothing proves, or that does not show what was approved.
{originals}
SELECT o.merchant_id, o.id, o.rrn AS reference,
       jsonb_build_object({of_original},
                          'undone', o.undone, 'voids', d.voids, 'refunds', d.refunds,
                          'completions', d.completions) AS facts
FROM originals
JOIN transactions o USING (merchant_id, id)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE kind IN ({voids}) AND state IN ({standing})) AS voids,
           count(*) FILTER (WHERE kind IN ({refunds}) AND state IN ({standing})) AS refunds,
           count(*) FILTER (WHERE kind IN ({completions}) AND state IN ({standing})) AS completions,
           -- Approved before: the original stays as it is until that is reversed.
           coalesce(bool_or(holds > 0 AND state IN ('reversing', 'disputed')), false) AS questioned
    FROM transactions WHERE original_id = o.id AND merchant_id = o.merchant_id
) d
WHERE o.received_at < :before
  AND (d.voids > 0 AND o.state <> 'voided'
       OR d.completions > 0 AND o.state <> 'completed'
       OR d.refunds > 0 AND o.state NOT IN ('refunded', 'partly_refunded')
       OR NOT d.questioned AND (o.state = 'voided' AND d.voids = 0
                                OR o.state = 'completed' AND d.completions = 0)
       OR o.state IN ('refunded', 'partly_refunded') AND d.refunds = 0
       OR o.state = 'refunded' AND o.undone < o.amount
       OR o.state = 'partly_refunded' AND o.undone - o.undoing >= o.amount)
LIMIT :limit;

-- name: given_back_twice
-- description: More has gone back than was taken, or two things have taken one original whole.
{originals}
SELECT o.merchant_id, o.id, o.rrn AS reference,
       jsonb_build_object({of_original},
                          'back', d.back, 'beside', d.beside) AS facts
FROM originals
JOIN transactions o USING (merchant_id, id)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE kind IN ({voids}, {completions}) AND state IN ({standing})) AS whole,
           count(*) FILTER (WHERE kind IN ({refunds}) AND state IN ({standing})) AS refunds,
           coalesce(sum(amount) FILTER (WHERE kind IN ({giving}) AND state IN ({standing})), 0) AS back,
           -- Booked at the issuer beside what took its place, and nobody was told.
           coalesce(sum(amount) FILTER (
               WHERE kind IN ({giving}) AND state IN ('reversing', 'disputed') AND holds = 0
                 AND (late_code IN ({booked}) OR response_code IN ({booked}))
                 AND NOT EXISTS (
                     SELECT FROM incidents i
                     WHERE i.merchant_id = r.merchant_id AND i.subject = r.id::text
                       AND i.kind IN ('late_approval', 'disputed') AND i.closed_at IS NULL)), 0) AS beside
    FROM transactions r WHERE original_id = o.id AND merchant_id = o.merchant_id
) d
WHERE o.received_at < :before
  AND (d.whole > 1 OR d.whole > 0 AND d.refunds > 0 OR d.back + d.beside > o.amount)
LIMIT :limit;

-- name: fee_returned
-- description: More of a fee was given back than was taken.
{originals}
SELECT o.merchant_id, o.id, o.rrn AS reference,
       jsonb_build_object({of_original},
                          'fee', o.fee, 'returned', d.returned) AS facts
FROM originals
JOIN transactions o USING (merchant_id, id)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(fee) FILTER (WHERE kind IN ({giving}) AND state IN ({standing})), 0) AS returned
    FROM transactions WHERE original_id = o.id AND merchant_id = o.merchant_id
) d
WHERE o.received_at < :before AND o.kind IN ({taking}) AND d.returned > o.fee
LIMIT :limit;

-- name: unknown_without_outbox
-- description: No outcome, and nothing is owed to the issuer that would bring one.
SELECT t.merchant_id, t.id, t.rrn AS reference,
       jsonb_build_object({of_transaction},
                          'node', t.node, 'received_at', t.received_at) AS facts
FROM transactions t
WHERE {looked} AND t.state IN ({open})
  AND NOT EXISTS (
      SELECT FROM outbox b
      WHERE b.merchant_id = t.merchant_id AND b.transaction_id = t.id AND b.pending)
LIMIT :limit;

-- name: failed_without_case
-- description: A void, refund or completion that failed and that nobody follows up.
SELECT t.merchant_id, t.id, t.rrn AS reference,
       jsonb_build_object({of_transaction},
                          'code', t.response_code, 'received_at', t.received_at) AS facts
FROM transactions t
WHERE {looked} AND t.kind IN ({cased}) AND NOT t.cased AND t.origin IN ({of_shops})
  AND t.state IN ({failed})
  AND coalesce(t.ended_at, t.received_at) < :before
LIMIT :limit;

-- name: case_without_look
-- description: A case that nobody looks at, or that ended without proof and without anybody being told.
SELECT * FROM (
    SELECT t.merchant_id, t.id, t.number AS reference,
           jsonb_build_object('amount', t.amount, 'currency', t.currency,
                              'ended', t.ended, 'step', t.step,
                              'due_look', t.next_action_at) AS facts
    FROM cases t
    WHERE {looked_case} AND t.ended = '' AND t.next_action_at < :before - interval '10 minutes'
      AND (t.leased_until IS NULL OR t.leased_until < :before)
    UNION ALL
    SELECT t.merchant_id, t.id, t.number,
           jsonb_build_object('amount', t.amount, 'currency', t.currency,
                              'ended', t.ended, 'step', t.step,
                              'due_look', t.next_action_at)
    FROM cases t
    WHERE {looked_case} AND t.ended = 'unproved' AND t.ended_at < :before
      AND NOT EXISTS (
          SELECT FROM incidents i
          WHERE i.merchant_id = t.merchant_id AND i.subject = t.id::text
            AND i.kind = 'outcome_unproved' AND i.closed_at IS NULL)
) AS found
LIMIT :limit;

-- name: case_end
-- description: A case that says the money is back, while the original stands and nothing is on its way.
SELECT t.merchant_id, t.id, t.number AS reference,
       jsonb_build_object('amount', t.amount, 'currency', t.currency,
                          'ended', t.ended, 'ended_at', t.ended_at,
                          'state', o.state) AS facts
FROM cases t
JOIN transactions o ON o.merchant_id = t.merchant_id AND o.id = t.original_id
WHERE {looked_case} AND t.ended IN ('voided', 'refunded') AND t.ended_at < :before
  AND t.kind IN ({voids}, {refunds}) AND o.state = 'approved' AND o.undone = 0
  -- What undid it was itself taken back: a later case is about that.
  AND NOT EXISTS (
      SELECT FROM cases c
      WHERE c.merchant_id = t.merchant_id AND c.original_id = t.original_id AND c.id <> t.id
        AND (c.ended = '' OR c.opened_at >= t.opened_at))
LIMIT :limit;

-- name: chains
-- description: Cases with all of their events, so that the chain can be checked.
SELECT {case_columns},
       array_agg(e.body ORDER BY e.line) FILTER (WHERE e.line IS NOT NULL) AS bodies,
       array_agg(e.hash ORDER BY e.line) FILTER (WHERE e.line IS NOT NULL) AS hashes
FROM cases t
LEFT JOIN case_events e ON e.case_id = t.id AND e.merchant_id = t.merchant_id
WHERE {looked_case}
GROUP BY t.id, t.merchant_id
LIMIT :limit;

-- name: balance
-- description: Balances unlike the entries, and money set aside unlike what it is set aside for.
WITH posted AS (
    SELECT e.merchant_id, e.currency,
           sum(CASE 'merchant_pending' WHEN e.credit THEN e.amount WHEN e.debit THEN -e.amount END) AS pending,
           sum(CASE 'merchant_available' WHEN e.credit THEN e.amount WHEN e.debit THEN -e.amount END) AS available,
           sum(CASE 'merchant_frozen' WHEN e.credit THEN e.amount WHEN e.debit THEN -e.amount END) AS frozen,
           sum(CASE 'merchant_in_payout' WHEN e.credit THEN e.amount WHEN e.debit THEN -e.amount END) AS in_payout,
           sum(CASE 'merchant_reserve' WHEN e.credit THEN e.amount WHEN e.debit THEN -e.amount END) AS rolling_reserve
    FROM entries e
    GROUP BY e.merchant_id, e.currency
), needed AS (
    SELECT merchant_id, currency, sum(reserves) AS reserved
    FROM transactions WHERE reserves > 0 AND state IN ({unfinished})
    GROUP BY merchant_id, currency
), compared AS (
    SELECT merchant_id, currency,
           coalesce(b.pending, 0) AS pending, coalesce(p.pending, 0) AS pending_entries,
           coalesce(b.available, 0) AS available, coalesce(p.available, 0) AS available_entries,
           coalesce(b.frozen, 0) AS frozen, coalesce(p.frozen, 0) AS frozen_entries,
           coalesce(b.in_payout, 0) AS in_payout, coalesce(p.in_payout, 0) AS in_payout_entries,
           coalesce(b.rolling_reserve, 0) AS rolling_reserve,
           coalesce(p.rolling_reserve, 0) AS rolling_reserve_entries,
           coalesce(b.reserved, 0) AS reserved, coalesce(n.reserved, 0) AS reserved_needed
    FROM merchant_balances b
    FULL JOIN posted p USING (merchant_id, currency)
    FULL JOIN needed n USING (merchant_id, currency)
)
SELECT merchant_id, NULL::uuid AS id, currency AS reference,
       to_jsonb(compared) - 'merchant_id' AS facts
FROM compared
WHERE (pending, available, frozen, in_payout, rolling_reserve, reserved)
      IS DISTINCT FROM (pending_entries, available_entries, frozen_entries, in_payout_entries,
                        rolling_reserve_entries, reserved_needed)
ORDER BY merchant_id, currency
LIMIT :limit;

-- name: next_transactions
-- description: Where a span of about so many transactions ends, within another.
SELECT received_at FROM transactions WHERE received_at > :since AND received_at < :until
ORDER BY received_at OFFSET :rows LIMIT 1;

-- name: next_cases
-- description: The same for cases.
SELECT opened_at FROM cases WHERE opened_at > :since AND opened_at < :until
ORDER BY opened_at OFFSET :rows LIMIT 1;

-- name: long_open
-- description: Unfinished or owed transactions that were received before a moment.
SELECT id FROM transactions WHERE state IN ({open}) AND received_at < :before
UNION
SELECT t.id FROM outbox b
JOIN transactions t ON t.merchant_id = b.merchant_id AND t.id = b.transaction_id
WHERE b.pending AND t.received_at < :before;

-- name: explained
-- description: Which of these marks stand in the audit log.
SELECT id FROM audit WHERE id = ANY (:marks::uuid[]);

-- name: explain
-- description: Keep who explains a difference, and how.
INSERT INTO audit (id, at, who, role, action, object, reason, detail)
VALUES (:mark, :now, :who, :role, 'explain-difference', :object, :reason, :detail)
ON CONFLICT (id) DO NOTHING;

-- name: named
-- description: What a reference number or the number of a case stands for.
SELECT id FROM transactions WHERE rrn = :number
UNION
SELECT id FROM cases WHERE number = :number OR id::text = :number;
