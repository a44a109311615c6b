-- What a shop asks: how does this voucher stand. Ids are UUIDv7, which begin with their time: the
-- latest refusals are a range of their primary key.

-- name: by_slip
-- description: A voucher by what its slip says: $1 merchant, $2 terminal, $3 batch, $4 trace.
SELECT merchant_id, id, kind, original_id, terminal_id, batch, trace, rrn, amount, currency,
       card_masked, state, response_code, received_at
FROM transactions WHERE trace = $4 AND terminal_id = $2 AND batch = $3 AND merchant_id = $1;

-- name: by_reference
-- description: A voucher by its reference number ($2), which is also a case's; $1 merchant or any.
SELECT merchant_id, id, kind, original_id, terminal_id, batch, trace, rrn, amount, currency,
       card_masked, state, response_code, received_at
FROM transactions WHERE rrn = $2 AND ($1 = '' OR merchant_id = $1) LIMIT 5;

-- name: by_voucher
-- description: The latest vouchers of a number ($2) at a merchant ($1).
SELECT t.merchant_id, t.id, t.kind, t.original_id, t.terminal_id, t.batch, t.trace, t.rrn,
       t.amount, t.currency, t.card_masked, t.state, t.response_code, t.received_at
FROM terminals m
JOIN transactions t
  ON t.trace = $2 AND t.terminal_id = m.terminal_id AND t.merchant_id = m.merchant_id
WHERE m.merchant_id = $1 AND t.origin IN ({of_shops})
ORDER BY t.received_at DESC LIMIT 5;

-- name: refused
-- description: Voids refused at the door since $2: $1 merchant or any, $3 trace, $4 reference, $5 terminal, $6 batch; empty means any.
SELECT r.merchant_id, r.id, r.kind, c.original_id, r.terminal_id, r.batch, r.trace, r.rrn, r.amount,
       coalesce(c.currency, '156') AS currency, r.card_masked, 'declined' AS state,
       r.response_code, r.received_at
FROM refusals r
LEFT JOIN cases c ON c.merchant_id = r.merchant_id AND c.id = r.id
WHERE r.id >= $2 AND ($1 = '' OR r.merchant_id = $1) AND ($3 = '' OR r.trace = $3)
  AND ($4 = '' OR r.rrn = $4) AND ($5 = '' OR r.terminal_id = $5) AND ($6 = '' OR r.batch = $6)
ORDER BY r.id DESC LIMIT 5;

-- name: today
-- description: What cashiers of a merchant ($1) asked to be undone on a business day ($2): $3 since, $4 the same as least id, $5 kinds, $6 how many.
SELECT * FROM (
    SELECT merchant_id, id, kind, original_id, terminal_id, batch, trace, rrn, amount, currency,
           card_masked, state, response_code, received_at
    FROM transactions
    WHERE received_at >= $3 AND merchant_id = $1 AND business_date = $2 AND kind = ANY($5)
      AND origin IN ({of_shops})
    UNION ALL
    SELECT r.merchant_id, r.id, r.kind, c.original_id, r.terminal_id, r.batch, r.trace, r.rrn,
           r.amount, coalesce(c.currency, '156'), r.card_masked, 'declined', r.response_code,
           r.received_at
    FROM refusals r
    LEFT JOIN cases c ON c.merchant_id = r.merchant_id AND c.id = r.id
    WHERE r.id >= $4 AND r.merchant_id = $1 AND r.business_date = $2
) asked
ORDER BY received_at DESC LIMIT $6;

-- name: standing
-- description: How vouchers ($2) of sales ($3) of a merchant ($1) stand: sale, what undid it (kinds $4), case.
SELECT f.id, s.id AS sale_id, s.kind AS sale_kind, s.state AS sale_state, s.trace AS sale_trace,
       s.batch AS sale_batch, s.terminal_id AS sale_terminal, s.rrn AS sale_rrn,
       s.amount AS sale_amount, s.undone, s.received_at AS sold_at,
       u.kind AS undo_kind, u.state AS undo_state, u.rrn AS undo_rrn, u.at AS undone_at,
       c.id AS case_id, c.number, c.kind AS case_kind, c.ended, c.ended_at, c.due_at, c.next_action_at, c.step,
       c.cause, c.confirmed, coalesce(w.withdrawn, false) AS withdrawn
FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS f (id, sale_id, place)
LEFT JOIN transactions s ON s.merchant_id = $1 AND s.id = f.sale_id
LEFT JOIN LATERAL (
    SELECT kind, state, rrn, coalesce(answered_at, received_at) AS at FROM transactions
    WHERE merchant_id = $1 AND original_id = f.sale_id AND kind = ANY($4)
    ORDER BY state = 'approved' DESC,
             state IN ('received', 'sent', 'unknown', 'reversing', 'disputed') DESC,
             received_at DESC
    LIMIT 1) u ON true
LEFT JOIN LATERAL (
    SELECT * FROM (
        SELECT id, number, kind, ended, ended_at, due_at, next_action_at, step, cause, confirmed,
               opened_at
        FROM cases
        WHERE merchant_id = $1 AND original_id = f.sale_id AND opened_at >= s.received_at
        UNION ALL
        SELECT id, number, kind, ended, ended_at, due_at, next_action_at, step, cause, confirmed,
               opened_at
        FROM cases WHERE merchant_id = $1 AND id = f.id
    ) either ORDER BY ended = '' DESC, ended = 'unproved' DESC, opened_at DESC LIMIT 1) c ON true
LEFT JOIN LATERAL (
    SELECT true AS withdrawn FROM case_events e
    WHERE c.ended = 'refused' AND e.merchant_id = $1 AND e.case_id = c.id
      AND e.body LIKE '%"what":"withdraw"%'
    LIMIT 1) w ON true
ORDER BY f.place;

-- name: shops
-- description: Merchants to choose from: the one with a number ($1), or all, up to $2.
SELECT merchant_id, name_zh, name_en FROM merchants
WHERE $1 = '' OR merchant_id = $1 ORDER BY merchant_id LIMIT $2;
