-- An issuer claims the money of a transaction back, stage by stage, until one of them ends it.

-- What chargebacks hold of a transaction, or have taken. Together with what was given back of it, it
-- is never more than the transaction: a void or refund and a chargeback of one sale can not both pay.
ALTER TABLE transactions ADD COLUMN charged_back bigint NOT NULL DEFAULT 0;
-- Not looked at in old rows: of them nothing is charged back.
ALTER TABLE transactions ADD CONSTRAINT transactions_charged_back CHECK (
    charged_back >= 0 AND undone + charged_back <= amount) NOT VALID;

ALTER TABLE entries DROP CONSTRAINT entries_kind;
ALTER TABLE entries ADD CONSTRAINT entries_kind CHECK (kind IN (
    'approval', 'reversal', 'adjustment', 'settlement', 'payout', 'paid', 'payout_return', 'freeze',
    'release', 'reserve', 'reserve_release', 'correction', 'chargeback', 'clearing', 'break',
    'break_end', 'chargeback_hold', 'chargeback_return', 'chargeback_end')) NOT VALID;
ALTER TABLE account_moves DROP CONSTRAINT account_moves_kind;
ALTER TABLE account_moves ADD CONSTRAINT account_moves_kind CHECK (kind IN (
    'freeze', 'release', 'reserve', 'reserve_release', 'payout_return', 'correction', 'chargeback',
    'clearing', 'chargeback_hold', 'chargeback_return'));

-- One claim. `amount` is what the issuer claims, `held` what of it stood and was taken from the
-- merchant, `fee` what was taken beside it. `asked` is the act that waits for a second person.
CREATE TABLE chargebacks (
    merchant_id    text NOT NULL,
    id             uuid NOT NULL,
    number         text NOT NULL,            -- the network's reference
    transaction_id uuid NOT NULL,
    issuer_id      text NOT NULL,
    stage          text NOT NULL CONSTRAINT chargebacks_stage CHECK (stage IN (
        'noted', 'retrieval', 'after_retrieval', 'first_chargeback', 'represented', 'second_chargeback',
        'arbitration', 'won', 'lost', 'accepted', 'expired', 'withdrawn')),
    reason         text NOT NULL CONSTRAINT chargebacks_reason CHECK (reason IN (
        'not_recognised', 'not_received', 'duplicate', 'cancelled', 'amount', 'fraud')),
    amount         bigint NOT NULL CONSTRAINT chargebacks_amount CHECK (amount > 0),
    currency       text NOT NULL,
    held           bigint NOT NULL DEFAULT 0 CONSTRAINT chargebacks_held CHECK (held BETWEEN 0 AND amount),
    fee            bigint NOT NULL DEFAULT 0 CONSTRAINT chargebacks_fee CHECK (fee >= 0),
    money          text NOT NULL DEFAULT 'none' CONSTRAINT chargebacks_money CHECK (
        money IN ('none', 'held', 'returned', 'paid')),
    owner          text NOT NULL DEFAULT '',
    file_id        uuid,                     -- the clearing file and row that told of it
    line           integer,
    received_at    timestamptz NOT NULL,     -- by the network
    opened_at      timestamptz NOT NULL,
    opened_by      text NOT NULL,
    due_at         timestamptz,              -- of whoever is next; none: nobody is
    asked          text NOT NULL DEFAULT '',
    asked_reason   text NOT NULL DEFAULT '',
    asked_by       text NOT NULL DEFAULT '',
    asked_at       timestamptz,
    asked_due_at   timestamptz,              -- the network's own deadline, if it was given
    ended_at       timestamptz,
    told_due_at    timestamptz,              -- the deadline of which the merchant was told
    events         integer NOT NULL DEFAULT 0,
    head           bytea NOT NULL DEFAULT '',
    PRIMARY KEY (id, merchant_id),
    CONSTRAINT chargebacks_ended CHECK (
        (ended_at IS NOT NULL) = (stage IN ('won', 'lost', 'accepted', 'expired', 'withdrawn'))),
    CONSTRAINT chargebacks_nothing_left CHECK (ended_at IS NULL OR money <> 'held')
);
-- One at a time of a transaction, and each claim of a network once.
CREATE UNIQUE INDEX chargebacks_one_live ON chargebacks (transaction_id, merchant_id)
    WHERE ended_at IS NULL;
CREATE UNIQUE INDEX chargebacks_number ON chargebacks (number, merchant_id);
CREATE INDEX chargebacks_transaction ON chargebacks (transaction_id);
CREATE INDEX chargebacks_due ON chargebacks (due_at, id) WHERE ended_at IS NULL;
CREATE INDEX chargebacks_opened ON chargebacks (opened_at DESC, id);

-- What happened to one, in a chain of hashes as cases have it: each over the one before and `body`.
CREATE TABLE chargeback_events (
    merchant_id   text NOT NULL,
    chargeback_id uuid NOT NULL,
    line          integer NOT NULL,
    body          text NOT NULL,
    hash          bytea NOT NULL,
    PRIMARY KEY (chargeback_id, line, merchant_id)
);

-- Documents, encrypted; `digest` is the SHA-256 of what was given.
CREATE TABLE chargeback_evidence (
    merchant_id   text NOT NULL,
    id            uuid NOT NULL,
    chargeback_id uuid NOT NULL,
    kind          text NOT NULL CONSTRAINT chargeback_evidence_kind CHECK (kind IN (
        'slip', 'wire', 'given_back', 'case', 'delivery', 'terms', 'letter', 'other')),
    name          text NOT NULL,
    media_type    text NOT NULL,
    size          integer NOT NULL CONSTRAINT chargeback_evidence_size CHECK (size > 0),
    digest        bytea NOT NULL,
    sealed        bytea NOT NULL,
    added_by      text NOT NULL,
    added_at      timestamptz NOT NULL,
    PRIMARY KEY (id, merchant_id)
);
-- The same document once.
CREATE UNIQUE INDEX chargeback_evidence_once ON chargeback_evidence (chargeback_id, digest, merchant_id);

-- What was done to one is asked of the audit log by its name.
CREATE INDEX audit_chargebacks ON audit (object, at) WHERE object LIKE 'chargeback %';
