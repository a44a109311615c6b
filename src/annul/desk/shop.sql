-- What a shop asks: how does this voucher stand. Ids are UUIDv7, which begin with their time: the
-- latest refusals are a range of their primary key.

-- name: columns
-- description: What is shown of a voucher.
t.merchant_id, t.id, t.kind, t.original_id, t.terminal_id, t.batch, t.trace, t.rrn, t.amount,
t.currency, t.card_masked, t.state, t.response_code, t.received_at;

-- name: at_the_door
-- description: The same of voids that were refused before they became transactions.
SELECT r.merchant_id, r.id, r.kind, c.original_id, r.terminal_id, r.batch, r.trace, r.rrn, r.amount,
       coalesce(c.currency, '156') AS currency, r.card_masked, 'declined' AS state,
       r.response_code, r.received_at
FROM refusals r
LEFT JOIN cases c ON c.merchant_id = r.merchant_id AND c.id = r.id;

-- name: by_slip
-- description: A voucher by what its slip says.
SELECT {columns} FROM transactions t
WHERE t.trace = :trace AND t.terminal_id = :terminal AND t.batch = :batch
  AND t.merchant_id = :merchant;

-- name: by_reference
-- description: A voucher by its reference number, which is also a case's, at a merchant or any.
SELECT {columns} FROM transactions t
WHERE t.rrn = :rrn AND (:merchant = '' OR t.merchant_id = :merchant) LIMIT 5;

-- name: by_voucher
-- description: The latest vouchers of a number at a merchant.
SELECT {columns}
FROM terminals m
JOIN transactions t
  ON t.trace = :trace AND t.terminal_id = m.terminal_id AND t.merchant_id = m.merchant_id
WHERE m.merchant_id = :merchant AND t.origin IN ({of_shops})
ORDER BY t.received_at DESC LIMIT 5;

-- name: refused
-- description: Voids refused at the door since the moment of an id; empty means any.
{at_the_door}
WHERE r.id >= :since_id AND (:merchant = '' OR r.merchant_id = :merchant)
  AND (:trace = '' OR r.trace = :trace) AND (:rrn = '' OR r.rrn = :rrn)
  AND (:terminal = '' OR r.terminal_id = :terminal) AND (:batch = '' OR r.batch = :batch)
ORDER BY r.id DESC LIMIT 5;

-- name: today
-- description: What cashiers of a merchant asked to be undone on a business day.
SELECT * FROM (
    SELECT {columns} FROM transactions t
    WHERE t.received_at >= :since AND t.merchant_id = :merchant
      AND t.business_date = :business_date AND t.kind = ANY(:kinds) AND t.origin IN ({of_shops})
    UNION ALL
    {at_the_door}
    WHERE r.id >= :since_id AND r.merchant_id = :merchant AND r.business_date = :business_date
) asked
ORDER BY received_at DESC LIMIT :limit;

-- name: case_columns
-- description: What is looked at of a case.
id, number, kind, ended, ended_at, due_at, next_action_at, step, cause, confirmed, opened_at;

-- name: standing
-- description: How vouchers, each with its sale, stand: the sale, what undid it, the case.
SELECT f.id, s.id AS sale_id, s.kind AS sale_kind, s.state AS sale_state, s.trace AS sale_trace,
       s.batch AS sale_batch, s.terminal_id AS sale_terminal, s.rrn AS sale_rrn,
       s.amount AS sale_amount, s.undone, s.received_at AS sold_at,
       u.kind AS undo_kind, u.state AS undo_state, u.rrn AS undo_rrn, u.at AS undone_at,
       c.id AS case_id, c.number, c.kind AS case_kind, c.ended, c.ended_at, c.due_at,
       c.next_action_at, c.step, c.cause, c.confirmed, coalesce(w.withdrawn, false) AS withdrawn
FROM unnest(:ids::uuid[], :sales::uuid[]) WITH ORDINALITY AS f (id, sale_id, place)
LEFT JOIN transactions s ON s.merchant_id = :merchant AND s.id = f.sale_id
LEFT JOIN LATERAL (
    SELECT kind, state, rrn, coalesce(answered_at, received_at) AS at FROM transactions
    WHERE merchant_id = :merchant AND original_id = f.sale_id AND kind = ANY(:kinds)
    ORDER BY state = 'approved' DESC,
             state IN ('received', 'sent', 'unknown', 'reversing', 'disputed') DESC,
             received_at DESC
    LIMIT 1) u ON true
LEFT JOIN LATERAL (
    SELECT * FROM (
        SELECT {case_columns}
        FROM cases
        WHERE merchant_id = :merchant AND original_id = f.sale_id AND opened_at >= s.received_at
        UNION ALL
        SELECT {case_columns}
        FROM cases WHERE merchant_id = :merchant AND id = f.id
    ) either ORDER BY ended = '' DESC, ended = 'unproved' DESC, opened_at DESC LIMIT 1) c ON true
LEFT JOIN LATERAL (
    SELECT true AS withdrawn FROM case_events e
    WHERE c.ended = 'refused' AND e.merchant_id = :merchant AND e.case_id = c.id
      AND e.body LIKE '%"what":"withdraw"%'
    LIMIT 1) w ON true
ORDER BY f.place;

-- name: shops
-- description: Merchants to choose from: the one with a number, or all.
SELECT merchant_id, name_zh, name_en FROM merchants
WHERE lives <> 'away' AND (:merchant = '' OR merchant_id = :merchant) ORDER BY merchant_id LIMIT :limit;
