-- name: search
-- description: Cases, the latest first: $1 state, $2 cause, $3 issuer, $4 merchant, $5 text, $6 amount, $7 since, $8 and $9 after which, $10 now, $11 how many.
SELECT c.merchant_id, c.id, c.number, c.terminal_id, c.kind, c.amount, c.currency, c.card_masked,
       c.issuer_id, c.opened_at, c.due_at, c.first_due_at, c.next_action_at, c.step, c.tries, c.cause, c.probability,
       c.confirmed, c.task, c.proposed, c.proposed_by, c.ended, c.ended_at, c.events,
       t.trace AS voucher, t.rrn AS original_rrn
FROM cases c
LEFT JOIN transactions t ON t.merchant_id = c.merchant_id AND t.id = c.original_id
WHERE CASE $1::text
          WHEN 'open' THEN c.ended = ''
          WHEN 'asked' THEN c.ended IN ('', 'unproved') AND (c.task <> '' OR c.proposed <> '')
          -- Late is judged by the first due time, which never moves.
          WHEN 'late' THEN CASE WHEN c.ended = 'unproved' THEN $10::timestamptz
                                ELSE coalesce(c.ended_at, $10) END > c.first_due_at
          WHEN 'all' THEN true
          ELSE c.ended = $1 END
  AND ($2 = '' OR c.cause = $2 OR c.confirmed = $2)
  AND ($3 = '' OR c.issuer_id = $3)
  AND ($4 = '' OR c.merchant_id = $4)
  AND ($5 = '' OR c.number = $5 OR t.rrn = $5 OR t.trace = lpad($5, 6, '0')
       OR c.terminal_id = $5 OR c.merchant_id = $5
       OR (length($5) = 4 AND right(c.card_masked, 4) = $5) OR c.amount = $6)
  AND ($7::timestamptz IS NULL OR c.opened_at >= $7)
  AND ($8::timestamptz IS NULL OR (c.opened_at, c.id) < ($8, $9::uuid))
ORDER BY c.opened_at DESC, c.id DESC LIMIT $11;

-- name: counts
-- description: Open and unproved cases by what they wait for, of one merchant ($1) or all, at $2.
SELECT (count(*) FILTER (WHERE ended = ''))::integer AS open,
       (count(*) FILTER (WHERE task <> '' OR proposed <> ''))::integer AS asked,
       (count(*) FILTER (WHERE first_due_at < $2))::integer AS late,
       (count(*) FILTER (WHERE ended = 'unproved'))::integer AS unproved
FROM cases WHERE ended IN ('', 'unproved') AND ($1 = '' OR merchant_id = $1);

-- name: contacts
-- description: Whom to call at an issuer.
SELECT id, duty, name, phone, mail, hours FROM contacts WHERE issuer_id = $1 ORDER BY duty, name;
