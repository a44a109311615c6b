-- The journal: each statement takes an array of rows, so that many transactions share one commit.

-- name: fenced
-- description: Rows that may be opened: what a terminal has sent, if this host serves it in that batch.
-- Its row is held, so that nobody claims it or ends the batch before these are written.
fenced AS (
    SELECT r.* FROM unnest(:rows::journal_opening[], :epochs::int[]) AS r ({opening})
    JOIN merchants m ON m.merchant_id = r.merchant_id
    WHERE epoch IS NULL AND m.lives = 'here'
    UNION ALL
    SELECT * FROM (
        SELECT r.* FROM unnest(:rows::journal_opening[], :epochs::int[]) AS r ({opening})
        JOIN terminals t ON t.merchant_id = r.merchant_id AND t.terminal_id = r.terminal_id
        WHERE t.host = r.node AND t.epoch = r.epoch AND t.batch = r.batch
        ORDER BY t.merchant_id, t.terminal_id FOR SHARE OF t) own
);

-- name: open
-- description: Write transactions before anything is sent; a repeated request key is skipped.
WITH {fenced}
INSERT INTO transactions ({opened}) SELECT {opened} FROM fenced
ON CONFLICT DO NOTHING
RETURNING id;

-- name: open_undo
-- description: Write a void, refund or completion, or nothing of it.
-- Holds the amount on the original, and reserves what covers it.
WITH {fenced}, held AS (
    SELECT r.* FROM fenced r
    JOIN transactions o ON o.merchant_id = r.merchant_id AND o.id = r.original_id
    WHERE o.state IN ('approved', 'partly_refunded')
      AND o.undone + o.charged_back + r.holds <= o.amount
      AND (o.undone + o.charged_back = 0 OR NOT r.whole)
      -- One at a time: of two refunds that look alike the second may be the first one once more.
      AND o.undoing = 0
      AND NOT EXISTS (
          SELECT FROM transactions d
          WHERE d.merchant_id = r.merchant_id AND d.terminal_id = r.terminal_id
            AND d.batch = r.batch AND d.trace = r.trace)
    ORDER BY o.merchant_id, o.id FOR UPDATE OF o
), purse AS (  -- balances after originals and by merchant, as outcomes lock them
    SELECT merchant_id, currency, available + rolling_reserve - reserved AS free, pending
    FROM merchant_balances
    WHERE (merchant_id, currency) IN (SELECT merchant_id, currency FROM held WHERE reserves > 0)
    ORDER BY merchant_id, currency FOR UPDATE
), covered AS (
    SELECT * FROM (
        SELECT h.*, sum(reserves) OVER (PARTITION BY merchant_id, currency ORDER BY reserves, id)
            AS together
        FROM held h) h
    WHERE reserves = 0 OR together <= (
        SELECT free + CASE WHEN h.pending_covers THEN pending ELSE 0 END FROM purse p
        WHERE p.merchant_id = h.merchant_id AND p.currency = h.currency)
), original AS (
    UPDATE transactions o
    SET undone = o.undone + r.holds, undoing = r.holds
    FROM covered r
    WHERE o.merchant_id = r.merchant_id AND o.id = r.original_id
), balance AS (
    UPDATE merchant_balances b SET reserved = b.reserved + r.reserves
    FROM (SELECT merchant_id, currency, sum(reserves) AS reserves FROM covered
          WHERE reserves > 0 GROUP BY merchant_id, currency) r
    WHERE b.merchant_id = r.merchant_id AND b.currency = r.currency
), owed AS (
    INSERT INTO outbox (merchant_id, id, transaction_id, original_id, kind, issuer_id, card_hash,
                        reason, next_attempt_at, created_at)
    SELECT merchant_id, gen_random_uuid(), id, original_id, owed, issuer_id, card_hash, '',
           received_at, received_at
    FROM covered WHERE owed <> ''
)
-- No ON CONFLICT: a clash must undo the hold too.
INSERT INTO transactions ({opened}) SELECT {opened} FROM covered
RETURNING id;

-- name: conclude
-- description: Outcome, ledger, balances, the original and what the issuer is owed, in one commit.
WITH outcome AS (
    SELECT * FROM unnest(:outcomes::journal_outcome[])
), moved AS (
    UPDATE transactions t
    SET state = o.state,
        sent = CASE WHEN o.sent = '' THEN t.sent ELSE o.sent END,
        -- What answers a reversal says nothing of the transaction itself.
        response_code = CASE WHEN o.state IN ('reversing', 'reversed', 'disputed')
                               OR o.response_code = ''
                             THEN t.response_code ELSE o.response_code END,
        auth_code = CASE WHEN o.auth_code = '' THEN t.auth_code ELSE o.auth_code END,
        settlement_date = CASE WHEN o.settlement_date = '' THEN t.settlement_date
                               ELSE o.settlement_date END,
        fee = CASE WHEN o.state = 'approved' THEN o.fee ELSE t.fee END,
        icc_answer = coalesce(o.icc_answer, t.icc_answer),
        voucher = CASE WHEN o.voucher = '' THEN t.voucher ELSE o.voucher END,
        late_code = CASE WHEN o.late_code = '' THEN t.late_code ELSE o.late_code END,
        late_at = CASE WHEN o.late_code IN ('', t.late_code) THEN t.late_at ELSE o.at END,
        reversal_reason = CASE WHEN o.owed = 'reversal' THEN o.reason ELSE t.reversal_reason END,
        why = CASE WHEN o.why = '' THEN t.why ELSE o.why END,
        holds = t.holds - o.release,
        reserves = t.reserves - o.unreserve,
        answered_at = CASE WHEN o.sent = 'answered' AND t.answered_at IS NULL THEN o.at
                           ELSE t.answered_at END,
        ended_at = CASE WHEN o.state IN ('approved', 'declined', 'reversed') THEN o.at END
    FROM outcome o
    WHERE t.merchant_id = o.merchant_id AND t.id = o.id
      AND t.state = ANY (string_to_array(o.sources, ','))
      -- What a void, refund or chargeback holds can not be reversed from under it.
      AND (o.state NOT IN ('reversing', 'reversed') OR t.undone + t.charged_back = 0)
      -- An approval that has come meanwhile is older than no word that denies it: whoever wrote
      -- without it looks again.
      AND (o.state NOT IN ('declined', 'reversed') OR t.late_code <> ALL ({booked})
           OR t.late_at = o.seen_at)
    RETURNING t.merchant_id, t.id, t.original_id, t.issuer_id, t.card_hash, t.currency,
              o.posted_on, o.state, o.original_state, o.release, o.owed, o.reason,
              o.settles, o.response_code, o.at, o.undoing, o.unreserve,
              o.why, t.late_code, t.late_auth_code, o.incident, o.params
), original AS (
    UPDATE transactions t
    SET undone = t.undone - m.release,
        undoing = t.undoing + m.undoing,
        -- What it holds is counted whatever its state, which moves only as the table has it.
        state = (
            SELECT CASE WHEN (t.state, n.becomes) IN ({moves}) THEN n.becomes ELSE t.state END
            FROM (SELECT CASE
                WHEN m.original_state = 'refunded' AND t.undone < t.amount THEN 'partly_refunded'
                WHEN m.original_state <> '' THEN m.original_state
                WHEN m.release > 0 AND t.state = 'refunded' THEN 'partly_refunded'
                END AS becomes) n)
    FROM moved m
    WHERE t.merchant_id = m.merchant_id AND t.id = m.original_id
      AND (m.original_state <> '' OR m.release > 0 OR m.undoing <> 0)
), postings AS (
    SELECT m.merchant_id, m.id AS subject,
           -- Found to stand after all, by people or a clearing file: what was posted stands yet, or
           -- was taken back since and is posted anew.
           CASE WHEN x.gone THEN 'adjustment' ELSE 'approval' END AS kind,
           e.line + CASE WHEN x.gone THEN coalesce(x.adjusted, 0) ELSE 0 END AS line,
           e.debit, e.credit, e.amount,
           m.currency, m.posted_on AS business_date, m.at AS posted_at
    FROM unnest(:postings::journal_posting[]) e
    JOIN moved m ON m.id = e.id
    LEFT JOIN LATERAL (
        SELECT max(r.line) FILTER (WHERE r.kind = 'adjustment') + 1 AS adjusted,
               sum(CASE 'issuer_receivable' WHEN r.debit THEN r.amount WHEN r.credit THEN -r.amount
                        ELSE 0 END) = 0 AS gone
        FROM entries r
        WHERE m.why IN ('concluded_by_hand', 'proved_by_clearing')
          AND r.merchant_id = m.merchant_id AND r.subject = m.id) x ON true
    UNION ALL
    SELECT m.merchant_id, m.id, 'reversal',
           e.line + coalesce((SELECT max(r.line) + 1 FROM entries r
                              WHERE r.merchant_id = m.merchant_id AND r.subject = m.id
                                AND r.kind = 'reversal'), 0),
           e.credit, e.debit, e.amount, e.currency, m.posted_on, m.at
    FROM moved m
    JOIN entries e ON e.merchant_id = m.merchant_id AND e.subject = m.id AND e.kind = 'approval'
    WHERE m.state = 'reversed'
      -- What was approved may have been taken back by an adjustment: then nothing of it is left.
      AND 0 <> (SELECT sum(CASE WHEN (r.debit, r.credit) = (e.debit, e.credit) THEN r.amount
                                WHEN (r.credit, r.debit) = (e.debit, e.credit) THEN -r.amount ELSE 0 END)
                FROM entries r WHERE r.merchant_id = m.merchant_id AND r.subject = m.id)
), freed AS (
    SELECT merchant_id, currency, unreserve AS amount FROM moved WHERE unreserve > 0
), {posted}, {balanced}, owed AS (
    INSERT INTO outbox (merchant_id, id, transaction_id, original_id, kind, issuer_id, card_hash,
                        reason, next_attempt_at, created_at)
    SELECT merchant_id, gen_random_uuid(), id, coalesce(original_id, id), owed, issuer_id,
           card_hash, reason, at, at
    FROM moved WHERE owed <> ''
    ON CONFLICT (merchant_id, transaction_id, kind) DO UPDATE
    SET pending = true, next_attempt_at = excluded.next_attempt_at, done_at = NULL,
        leased_until = NULL, reason = excluded.reason
), raised AS (
    SELECT merchant_id, incident AS kind, id::text AS subject, id AS transaction_id, params, at
    FROM moved WHERE incident <> ''
), told AS (
    {open_raised}
), settled AS (
    UPDATE outbox b
    SET pending = false, done_at = m.at,
        last_code = CASE WHEN m.why IN ('concluded_by_hand', 'proved_by_clearing') THEN b.last_code
                         ELSE m.response_code END
    FROM moved m
    WHERE m.settles AND b.merchant_id = m.merchant_id AND b.transaction_id = m.id
      -- What people or a clearing file say is no answer to a reversal: one that was given stays.
      AND (b.pending OR m.why NOT IN ('concluded_by_hand', 'proved_by_clearing'))
)
SELECT id, late_code, late_auth_code FROM moved;

-- name: find_by_trace
-- description: Transactions by their request key.
SELECT {columns}
FROM unnest(:merchants::text[], :terminals::text[], :batches::text[], :traces::text[])
    AS k (merchant_id, terminal_id, batch, trace)
JOIN transactions t USING (merchant_id, terminal_id, batch, trace);

-- name: find_by_rrn
-- description: One transaction by the host's reference number.
SELECT {columns} FROM transactions t WHERE t.merchant_id = :merchant AND t.rrn = :rrn;

-- name: find_by_auth_code
-- description: The latest approved pre-authorisation of a card by its authorisation code.
SELECT {columns} FROM transactions t
WHERE t.merchant_id = :merchant AND t.kind = 'preauth' AND t.auth_code = :auth_code
  AND t.auth_code <> '' AND t.card_hash = :card
ORDER BY t.received_at DESC LIMIT 1;

-- name: find_by_issuer_trace
-- description: What was sent to an issuer with a trace of annul's own within one second.
SELECT {columns} FROM transactions t
WHERE t.received_at >= :sent::timestamptz
  AND t.received_at < :sent::timestamptz + interval '1 second' AND t.issuer_trace = :trace
LIMIT 1;

-- name: tried
-- description: Whether a reversal of a transaction has left and is over, unanswered.
SELECT EXISTS (
    SELECT FROM outbox
    WHERE merchant_id = :merchant AND transaction_id = :id AND kind = 'reversal'
      AND attempts > CASE WHEN leased_until > :now::timestamptz THEN 1 ELSE 0 END);

-- name: find_by_id
-- description: One transaction by its id.
SELECT {columns} FROM transactions t WHERE t.merchant_id = :merchant AND t.id = :id;

-- name: cost
-- description: What the schemes were booked for a transaction.
SELECT coalesce(sum(CASE 'scheme_cost' WHEN debit THEN amount WHEN credit THEN -amount END), 0)::bigint
FROM entries WHERE subject = :id AND merchant_id = :merchant;

-- name: balance
-- description: Money of merchants that covers what they give back: pending, and available with what is held back for it; what is reserved.
SELECT merchant_id, currency, b.pending, b.available + b.rolling_reserve AS available, b.reserved
FROM unnest(:merchants::text[], :currencies::text[]) AS k (merchant_id, currency)
JOIN merchant_balances b USING (merchant_id, currency);

-- name: late_lock
-- description: A transaction to which a late answer came, held until the database's transaction ends.
SELECT {columns} FROM transactions t WHERE t.merchant_id = :merchant AND t.id = :id FOR UPDATE;

-- name: note_late
-- description: Keep the code of a late answer; one that says that money was booked stays.
UPDATE transactions SET late_code = :code, late_at = :at, late_auth_code = :auth_code
WHERE merchant_id = :merchant AND id = :id
  AND (late_code <> ALL ({booked}) OR :code = ANY ({booked}));

-- name: late_hold
-- description: Hold the original, a part or whole, for what is to be taken back.
-- Unless another took its place.
UPDATE transactions o SET undone = o.undone + h.held, undoing = o.undoing + h.held
FROM (SELECT merchant_id, id, CASE WHEN :whole THEN amount ELSE :amount::bigint END AS held
      FROM transactions WHERE merchant_id = :merchant AND id = :original) h
WHERE o.merchant_id = h.merchant_id AND o.id = h.id AND o.state IN ('approved', 'partly_refunded')
  AND o.undone + o.charged_back + h.held <= o.amount
RETURNING h.held;

-- name: late_move
-- description: Open again what had ended in a state that it may come from: it was approved too late.
UPDATE transactions
SET state = :state, sent = CASE sent WHEN 'answered' THEN sent ELSE 'possibly_sent' END,
    holds = :holds, late_code = :code, late_at = :at, reversal_reason = :reason, ended_at = NULL
WHERE merchant_id = :merchant AND id = :id AND state = ANY (:sources::text[]);

-- name: untold
-- description: Equal refunds of an original that were told as open and approved later.
-- Of which no notice has reached a terminal.
SELECT t.id FROM transactions t
WHERE t.merchant_id = :merchant AND t.original_id = :original AND t.kind IN ({refunds})
  AND t.state = 'approved' AND t.amount = :amount AND t.received_at > :since AND t.why <> ''
  AND t.origin IN ({of_shops}) AND NOT EXISTS (
      SELECT FROM notices n
      JOIN cases c ON c.merchant_id = n.merchant_id AND c.id = n.case_id
      WHERE n.merchant_id = :merchant AND c.original_id = :original AND n.created_at > t.received_at
        AND n.delivered_at IS NOT NULL)
LIMIT 1;

-- name: taken_back
-- description: Keep that a terminal took back what it had asked for.
UPDATE transactions SET taken_back = true
WHERE merchant_id = :merchant AND id = :id AND NOT taken_back;

-- name: owe
-- description: Put a reversal or an advice of one transaction into the outbox, due now.
INSERT INTO outbox (merchant_id, id, transaction_id, original_id, kind, issuer_id, card_hash,
                    reason, next_attempt_at, created_at)
SELECT merchant_id, gen_random_uuid(), id, coalesce(original_id, id), :kind, issuer_id, card_hash,
       :reason, :at, :at
FROM transactions WHERE merchant_id = :merchant AND id = :id
ON CONFLICT (merchant_id, transaction_id, kind) DO UPDATE
SET pending = true, next_attempt_at = excluded.next_attempt_at, done_at = NULL,
    leased_until = NULL, attempts = 0, created_at = excluded.created_at, reason = excluded.reason
WHERE NOT outbox.pending;

-- name: strand
-- description: Transactions that no process drives, oldest first: of this node, of nodes without one.
-- `others`: also of other nodes. Leases by the database's clock; of others only under a lease of
-- one's own that has not ended: else all may have ended together.
SELECT {columns} FROM transactions t
WHERE t.node = ANY (ARRAY(
      SELECT n::smallint FROM generate_series(0, 9) AS n
      WHERE NOT EXISTS (
            SELECT FROM hosts h
            WHERE h.node = n AND h.boot <> :boot AND h.leased_until > clock_timestamp())
        AND (n = :node OR :others AND EXISTS (
            SELECT FROM hosts h
            WHERE h.node = :node AND h.boot = :boot AND h.leased_until > clock_timestamp()))))
  AND t.received_at < :before
  AND t.state IN ('received', 'sent', 'unknown', 'reversing')
  AND NOT EXISTS (
      SELECT FROM outbox b
      WHERE b.merchant_id = t.merchant_id AND b.transaction_id = t.id AND b.pending)
ORDER BY t.received_at LIMIT 1000;
