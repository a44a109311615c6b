-- name: search
-- description: Cases, the latest first, after the last row of a page; empty means any.
SELECT c.merchant_id, c.id, c.number, c.terminal_id, c.kind, c.amount, c.currency, c.card_masked,
       c.issuer_id, c.opened_at, c.due_at, c.first_due_at, c.next_action_at, c.step, c.tries,
       c.cause, c.probability, c.confirmed, c.task, c.proposed, c.proposed_by, c.ended, c.ended_at,
       c.events, t.trace AS voucher, t.rrn AS original_rrn
FROM cases c
LEFT JOIN transactions t ON t.merchant_id = c.merchant_id AND t.id = c.original_id
WHERE CASE :state::text
          WHEN 'open' THEN c.ended = ''
          WHEN 'asked' THEN c.ended IN ('', 'unproved') AND (c.task <> '' OR c.proposed <> '')
          -- Late is judged by the first due time, which never moves.
          WHEN 'late' THEN CASE WHEN c.ended = 'unproved' THEN :now::timestamptz
                                ELSE coalesce(c.ended_at, :now) END > c.first_due_at
          WHEN 'all' THEN true
          ELSE c.ended = :state END
  AND (:cause = '' OR c.cause = :cause OR c.confirmed = :cause)
  AND (:issuer = '' OR c.issuer_id = :issuer)
  AND (:merchant = '' OR c.merchant_id = :merchant)
  AND (:text = '' OR c.number = :text OR t.rrn = :text OR t.trace = lpad(:text, 6, '0')
       OR c.terminal_id = :text OR c.merchant_id = :text
       OR (length(:text) = 4 AND right(c.card_masked, 4) = :text) OR c.amount = :amount)
  AND (:since::timestamptz IS NULL OR c.opened_at >= :since)
  AND (:after_at::timestamptz IS NULL OR (c.opened_at, c.id) < (:after_at, :after_id::uuid))
ORDER BY c.opened_at DESC, c.id DESC LIMIT :limit;

-- name: counts
-- description: Open and unproved cases by what they wait for, of one merchant or all.
SELECT (count(*) FILTER (WHERE ended = ''))::integer AS open,
       (count(*) FILTER (WHERE task <> '' OR proposed <> ''))::integer AS asked,
       (count(*) FILTER (WHERE first_due_at < :now))::integer AS late,
       (count(*) FILTER (WHERE ended = 'unproved'))::integer AS unproved
FROM cases WHERE ended IN ('', 'unproved') AND (:merchant = '' OR merchant_id = :merchant);

-- name: manual
-- description: How many cases need manual action; each half goes by an index of what is open yet.
SELECT ((SELECT count(*) FROM cases
         WHERE ended = '' AND (task <> '' OR proposed <> '')
           AND (:merchant = '' OR merchant_id = :merchant))
      + (SELECT count(*) FROM cases
         WHERE ended = 'unproved' AND (task <> '' OR proposed <> '')
           AND (:merchant = '' OR merchant_id = :merchant)))::integer;
