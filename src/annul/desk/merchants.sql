-- name: money
-- description: What a merchant has, in minor units.
coalesce(b.pending, 0) AS pending, coalesce(b.available, 0) AS available,
coalesce(b.frozen, 0) AS frozen;

-- name: search
-- description: Merchants by id, by a text in number or name, or by a terminal; empty means any.
SELECT m.merchant_id, m.name_zh, m.name_en, m.category, m.active, m.currency,
       {money}, coalesce(c.cases, 0) AS cases,
       (SELECT count(*)::integer FROM terminals t WHERE t.merchant_id = m.merchant_id) AS terminals
FROM merchants m
LEFT JOIN merchant_balances b ON b.merchant_id = m.merchant_id AND b.currency = m.currency
LEFT JOIN (SELECT merchant_id, count(*)::integer AS cases FROM cases WHERE ended = ''
           GROUP BY merchant_id) c ON c.merchant_id = m.merchant_id
WHERE m.lives <> 'away' AND (:merchant = '' OR m.merchant_id = :merchant)
  AND (:text = ''
       OR position(lower(:text)
                   IN lower(m.merchant_id || ' ' || m.name_zh || ' ' || m.name_en)) > 0
       OR EXISTS (SELECT FROM terminals t
                  WHERE t.merchant_id = m.merchant_id AND t.terminal_id = :text))
  AND m.merchant_id > :after
ORDER BY m.merchant_id LIMIT :limit;

-- name: find
-- description: One merchant with its money.
SELECT m.merchant_id, m.name_zh, m.name_en, m.category, m.active, m.currency, m.pricing,
       m.amount_limit, m.refund_days, m.void_needs_balance, m.pending_covers, m.retry_voids,
       m.refund_instead_limit, m.second_person_from, m.reversed_voids, {money},
       coalesce(b.in_payout, 0) AS in_payout, coalesce(b.rolling_reserve, 0) AS rolling_reserve
FROM merchants m
LEFT JOIN merchant_balances b ON b.merchant_id = m.merchant_id AND b.currency = m.currency
WHERE m.merchant_id = :merchant AND m.lives <> 'away';

-- name: terminals
-- description: A merchant's terminals as they are set up, and how they did since a moment.
SELECT t.terminal_id, t.active, t.signed_in, t.batch, t.amount_limit, t.kinds, t.operator,
       t.information, t.serial, t.software, t.wanted_software, t.wants, t.last_seen_at,
       t.dialect,
       m.active AS merchant_active, m.amount_limit AS merchant_limit, m.currency,
       k.master_at, k.mac_at, k.pin_at, k.working_at,
       coalesce(s.link_drops, 0) AS link_drops, coalesce(s.reversals, 0) AS reversals,
       coalesce(s.wrong_mac, 0) AS wrong_mac,
       b.batch AS last_batch, b.settled_at, b.balanced, b.upload_ended
FROM terminals t
JOIN merchants m ON m.merchant_id = t.merchant_id
LEFT JOIN LATERAL (
    SELECT max(issued_at) FILTER (WHERE kind = 'master') AS master_at,
           max(issued_at) FILTER (WHERE kind = 'mac') AS mac_at,
           max(issued_at) FILTER (WHERE kind = 'pin') AS pin_at,
           min(issued_at) FILTER (WHERE kind IN ('mac', 'pin', 'data')) AS working_at
    FROM terminal_keys k WHERE k.merchant_id = t.merchant_id AND k.terminal_id = t.terminal_id
) k ON true
LEFT JOIN LATERAL (
    SELECT sum(link_drops)::integer AS link_drops, sum(reversals)::integer AS reversals,
           sum(wrong_mac)::integer AS wrong_mac
    FROM terminal_stats s
    WHERE s.merchant_id = t.merchant_id AND s.terminal_id = t.terminal_id AND s.minute >= :since
) s ON true
LEFT JOIN LATERAL (
    SELECT batch, settled_at, balanced, upload_ended FROM batches b
    WHERE b.merchant_id = t.merchant_id AND b.terminal_id = t.terminal_id
    ORDER BY settled_at DESC LIMIT 1
) b ON true
WHERE t.merchant_id = :merchant ORDER BY t.terminal_id;

-- name: allowed
-- description: What annul may do unasked for a merchant, held while it is changed.
SELECT retry_voids, refund_instead_limit, void_needs_balance, pending_covers, second_person_from,
       reversed_voids
FROM merchants WHERE merchant_id = :merchant AND lives <> 'away' FOR UPDATE;

-- name: allow
-- description: Set what annul may do unasked for a merchant.
UPDATE merchants
SET retry_voids = :retry_voids, refund_instead_limit = :refund_instead_limit,
    void_needs_balance = :void_needs_balance, pending_covers = :pending_covers,
    second_person_from = :second_person_from, reversed_voids = :reversed_voids
WHERE merchant_id = :merchant;

-- name: ask
-- description: Ask something of a terminal with its next answer; empty software stays as it was.
UPDATE terminals
SET wants = :wants,
    wanted_software = CASE WHEN :software = '' THEN wanted_software ELSE :software END
WHERE merchant_id = :merchant AND terminal_id = :terminal
RETURNING wanted_software;

-- name: changed
-- description: Let running hosts read merchants and terminals anew.
UPDATE reference SET version = version + 1;
