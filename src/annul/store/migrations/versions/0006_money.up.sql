-- The money: what is unknown stays unknown until it is proved, and nothing is left without somebody
-- who looks at it.

-- Issuer and annul say different things of a transaction's money: `disputed`.
ALTER TABLE transactions DROP CONSTRAINT transactions_state_check;
ALTER TABLE transactions ADD CONSTRAINT transactions_state_check CHECK (state IN (
    'received', 'sent', 'approved', 'declined', 'unknown', 'reversing', 'reversed',
    'voided', 'partly_refunded', 'refunded', 'completed', 'disputed'));
-- Who looks for what is disputed looks for little.
CREATE INDEX transactions_disputed ON transactions (received_at) WHERE state = 'disputed';
-- A dispute about a void opens nothing beside the one that took its place.
DROP INDEX transactions_one_live_void;
CREATE UNIQUE INDEX transactions_one_live_void ON transactions (original_id, merchant_id)
    WHERE kind IN ('void', 'qr_void', 'preauth_void', 'completion_void', 'completion',
                   'completion_advice')
      AND original_id IS NOT NULL
      AND state NOT IN ('declined', 'reversed', 'reversing', 'disputed');
-- Its terminal has reversed it (0400): for the shop, what it was to undo stands.
ALTER TABLE transactions ADD COLUMN taken_back boolean NOT NULL DEFAULT false;
-- Of `undone`: what is on its way, by a void, refund or completion without an outcome.
ALTER TABLE transactions ADD COLUMN undoing bigint NOT NULL DEFAULT 0;
ALTER TABLE transactions ADD CONSTRAINT transactions_undoing CHECK (undoing BETWEEN 0 AND undone);
UPDATE transactions o SET undoing = u.held
FROM (SELECT merchant_id, original_id, sum(holds) AS held FROM transactions
      WHERE original_id IS NOT NULL AND holds > 0
        AND state IN ('received', 'sent', 'unknown', 'reversing')
      GROUP BY merchant_id, original_id) u
WHERE o.merchant_id = u.merchant_id AND o.id = u.original_id;
-- Field 11 towards the issuer, given by annul; empty in rows that have sent the terminal's own.
ALTER TABLE transactions ADD COLUMN issuer_trace text NOT NULL DEFAULT '';
-- Of the merchant's balance, while a void or refund is on its way.
ALTER TABLE transactions ADD COLUMN reserves bigint NOT NULL DEFAULT 0;
ALTER TABLE transactions ADD CONSTRAINT transactions_reserves CHECK (reserves >= 0);
ALTER TABLE merchant_balances ADD COLUMN reserved bigint NOT NULL DEFAULT 0;

-- All that refers to an original becomes a case when it is not approved, refunds and completions too.
DROP INDEX transactions_failed_void;
CREATE INDEX transactions_failed ON transactions (received_at)
    WHERE kind IN ('void', 'qr_void', 'preauth_void', 'completion_void', 'refund', 'qr_refund',
                   'completion', 'completion_advice')
      AND NOT cased AND batch NOT LIKE 'A%'
      AND state IN ('declined', 'unknown', 'reversing', 'reversed', 'disputed');
-- What was refunded or completed before is no case any more.
UPDATE transactions SET cased = true
WHERE kind IN ('refund', 'qr_refund', 'completion', 'completion_advice') AND NOT cased
  AND state IN ('declined', 'reversed');

-- The host processes: a number is whose lease has not ended. `folder` names the data folder, whose
-- lock proves that an earlier process on it has ended.
CREATE TABLE hosts (
    node         smallint PRIMARY KEY CHECK (node BETWEEN 0 AND 9),
    boot         uuid NOT NULL,
    folder       uuid NOT NULL,
    started_at   timestamptz NOT NULL,
    leased_until timestamptz NOT NULL
);

-- Store-and-forward keeps the order of what concerns one original, and of nothing else.
ALTER TABLE outbox ADD COLUMN original_id uuid;
UPDATE outbox o SET original_id = coalesce(t.original_id, t.id)
FROM transactions t WHERE t.merchant_id = o.merchant_id AND t.id = o.transaction_id;
ALTER TABLE outbox ALTER COLUMN original_id SET NOT NULL;
DROP INDEX outbox_card;
CREATE INDEX outbox_original ON outbox (original_id, created_at) WHERE pending;
-- Nothing is owed for what moves no money.
UPDATE outbox o SET pending = false, done_at = o.next_attempt_at
FROM transactions t
WHERE t.merchant_id = o.merchant_id AND t.id = o.transaction_id AND t.kind = 'balance' AND o.pending;
UPDATE transactions SET state = 'declined', ended_at = received_at
WHERE kind = 'balance' AND state IN ('sent', 'unknown');

-- A case keeps the due time of its first cause beside that of the cause it goes by now; one whose
-- money nobody could prove by its last time ends as `unproved`.
ALTER TABLE cases ADD COLUMN first_due_at timestamptz;
UPDATE cases SET first_due_at = due_at;
ALTER TABLE cases ALTER COLUMN first_due_at SET NOT NULL;
ALTER TABLE cases DROP CONSTRAINT cases_ended_check;
ALTER TABLE cases ADD CONSTRAINT cases_ended_check
    CHECK (ended IN ('', 'voided', 'refunded', 'refused', 'unproved'));
CREATE INDEX cases_unproved ON cases (opened_at) WHERE ended = 'unproved';

-- What becomes of a void that its terminal took back: ask the shop, void all the same, or let the
-- sale stand.
ALTER TABLE merchants ADD COLUMN reversed_voids text NOT NULL DEFAULT 'ask';
ALTER TABLE merchants ADD CONSTRAINT merchants_reversed_voids
    CHECK (reversed_voids IN ('ask', 'void', 'stand'));

-- What two people conclude of a transaction whose outcome nobody else can prove. `evidence` is
-- sealed; `confirmed_by` is another person than `proposed_by`.
CREATE TABLE conclusions (
    merchant_id    text NOT NULL,
    id             uuid NOT NULL,
    transaction_id uuid NOT NULL,
    done           boolean NOT NULL,          -- at the issuer
    reason         text NOT NULL,
    evidence_name  text NOT NULL,
    evidence_hash  bytea NOT NULL,            -- SHA-256 of the evidence in clear
    evidence       bytea NOT NULL,
    proposed_by    text NOT NULL,
    proposed_at    timestamptz NOT NULL,
    confirmed_by   text NOT NULL DEFAULT '',
    confirmed_at   timestamptz,
    withdrawn_at   timestamptz,
    PRIMARY KEY (id, merchant_id),
    CONSTRAINT conclusions_two_people CHECK (confirmed_by <> proposed_by),
    CONSTRAINT conclusions_confirmed CHECK ((confirmed_by = '') = (confirmed_at IS NULL))
);
CREATE UNIQUE INDEX conclusions_one_open ON conclusions (transaction_id, merchant_id)
    WHERE confirmed_at IS NULL AND withdrawn_at IS NULL;
