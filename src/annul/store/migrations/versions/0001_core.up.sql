-- The core of annul. Every key has merchant_id so that Citus can shard by it; no triggers: rules
-- live in CHECKs, unique indexes, guarded updates and revoked privileges.
-- Keys of tables that grow begin with their most selective column. The journal's plans are made
-- while the tables are empty: led by merchant_id, any index would look as good as the right one,
-- and a look-up would walk through all that a merchant ever did.

-- Reference data ------------------------------------------------------------------------------

CREATE TABLE issuers (
    issuer_id   text PRIMARY KEY,
    name_zh     text NOT NULL,
    name_en     text NOT NULL,
    host        text NOT NULL,
    port        integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    dialect     text NOT NULL DEFAULT 'cups',
    framing     text NOT NULL DEFAULT 'length_4',
    timeout_ms  integer NOT NULL DEFAULT 15000 CHECK (timeout_ms BETWEEN 100 AND 60000),
    silent_code text NOT NULL DEFAULT '98' CHECK (silent_code IN ('98', '68')),
    pin_key     bytea,                       -- wrapped under the local master key
    mac_key     bytea,                       -- wrapped; empty: messages carry no MAC
    active      boolean NOT NULL DEFAULT true
);

CREATE TABLE bins (
    prefix           text PRIMARY KEY CHECK (prefix ~ '^[0-9]{1,19}$'),
    issuer_id        text NOT NULL REFERENCES issuers,
    backup_issuer_id text REFERENCES issuers,
    card_type        text NOT NULL CHECK (card_type IN ('debit', 'credit', 'qr'))
);

-- rate_ppm: parts per million of the amount; cap: the most it may be, in minor units.
CREATE TABLE fee_rates (
    pricing    text NOT NULL,
    card_type  text NOT NULL,
    party      text NOT NULL CHECK (party IN ('merchant', 'issuer', 'network')),
    valid_from date NOT NULL,
    rate_ppm   integer NOT NULL CHECK (rate_ppm BETWEEN 0 AND 1000000),
    cap        bigint CHECK (cap >= 0),
    PRIMARY KEY (pricing, card_type, party, valid_from)
);

-- Merchants and terminals ---------------------------------------------------------------------

CREATE TABLE merchants (
    merchant_id        text PRIMARY KEY CHECK (length(merchant_id) = 15),
    name_zh            text NOT NULL,
    name_en            text NOT NULL,
    category           text NOT NULL CHECK (category ~ '^[0-9]{4}$'),
    active             boolean NOT NULL DEFAULT true,
    currency           text NOT NULL DEFAULT '156',
    pricing            text NOT NULL DEFAULT 'standard',
    amount_limit       bigint NOT NULL DEFAULT 500000000 CHECK (amount_limit > 0),
    void_needs_balance boolean NOT NULL DEFAULT false,
    refund_days        integer NOT NULL DEFAULT 30 CHECK (refund_days >= 0)
);

CREATE TABLE terminals (
    merchant_id   text NOT NULL REFERENCES merchants,
    terminal_id   text NOT NULL CHECK (length(terminal_id) = 8),
    active        boolean NOT NULL DEFAULT true,
    signed_in     boolean NOT NULL DEFAULT false,
    batch         text NOT NULL DEFAULT '000001' CHECK (batch ~ '^[0-9]{6}$'),
    amount_limit  bigint NOT NULL DEFAULT 500000000 CHECK (amount_limit > 0),
    mac_algorithm text NOT NULL DEFAULT 'unionpay_ecb',
    kinds         text[],                    -- NULL: every kind is enabled
    operator      text NOT NULL DEFAULT '',
    information   text NOT NULL DEFAULT '',  -- what the terminal said of itself in field 62
    parameters    jsonb NOT NULL DEFAULT '{}',
    last_seen_at  timestamptz,
    PRIMARY KEY (merchant_id, terminal_id)
);

CREATE TABLE terminal_keys (
    merchant_id text NOT NULL,
    terminal_id text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('master', 'pin', 'mac', 'data')),
    algorithm   text NOT NULL,
    wrapped     bytea NOT NULL,
    check_value bytea NOT NULL,
    issued_at   timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, terminal_id, kind),
    FOREIGN KEY (merchant_id, terminal_id) REFERENCES terminals
);

CREATE TABLE batches (
    merchant_id   text NOT NULL,
    terminal_id   text NOT NULL,
    batch         text NOT NULL,
    settled_at    timestamptz NOT NULL,
    balanced      boolean NOT NULL,
    upload_ended  boolean NOT NULL DEFAULT false,
    debit_amount  bigint NOT NULL,           -- what the host has
    debit_count   integer NOT NULL,
    credit_amount bigint NOT NULL,
    credit_count  integer NOT NULL,
    claimed       text NOT NULL,             -- field 48 as the terminal sent it
    PRIMARY KEY (merchant_id, terminal_id, batch),
    FOREIGN KEY (merchant_id, terminal_id) REFERENCES terminals
);

CREATE TABLE batch_uploads (
    merchant_id text NOT NULL,
    terminal_id text NOT NULL,
    batch       text NOT NULL,
    trace       text NOT NULL,
    card_hash   bytea NOT NULL,
    amount      bigint NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, terminal_id, batch, trace)
);

-- Transactions --------------------------------------------------------------------------------

CREATE TABLE transactions (
    merchant_id     text NOT NULL,
    id              uuid NOT NULL,
    kind            text NOT NULL,
    state           text NOT NULL CHECK (state IN (
        'received', 'sent', 'approved', 'declined', 'unknown', 'reversing', 'reversed',
        'voided', 'partly_refunded', 'refunded', 'completed')),
    sent            text NOT NULL CHECK (sent IN ('not_sent', 'possibly_sent', 'answered')),
    node            smallint NOT NULL,       -- the host process that owns it until it ends
    terminal_id     text NOT NULL,
    batch           text NOT NULL,
    trace           text NOT NULL,
    business_date   date NOT NULL,
    amount          bigint NOT NULL CHECK (amount >= 0),
    currency        text NOT NULL,
    -- Given back, or held for a void, refund or completion on its way: never above the amount, so
    -- a void and a refund of one sale can not both pay.
    undone          bigint NOT NULL DEFAULT 0 CHECK (undone BETWEEN 0 AND amount),
    original_id     uuid,
    holds           bigint NOT NULL DEFAULT 0 CHECK (holds >= 0),  -- of the original's `undone`
    card_hash       bytea NOT NULL,
    card_masked     text NOT NULL,
    card_cipher     bytea NOT NULL,
    card_type       text NOT NULL,
    expiry          text NOT NULL DEFAULT '',
    card_sequence   text NOT NULL DEFAULT '',
    entry_mode      text NOT NULL,
    condition       text NOT NULL,
    issuer_id       text NOT NULL,
    rrn             text NOT NULL,
    voucher         text NOT NULL DEFAULT '',
    fee             bigint NOT NULL DEFAULT 0,
    auth_code       text NOT NULL DEFAULT '',
    response_code   text NOT NULL DEFAULT '',
    settlement_date text NOT NULL DEFAULT '',
    icc_answer      bytea,                   -- field 55 of the issuer's answer
    reversal_reason text NOT NULL DEFAULT '',
    late_code       text NOT NULL DEFAULT '',-- answer of the issuer that came after the time-out
    received_at     timestamptz NOT NULL,
    answered_at     timestamptz,
    late_at         timestamptz,
    ended_at        timestamptz,
    PRIMARY KEY (id, merchant_id)
) WITH (fillfactor = 80);

-- The request's key: a repeat of the same request finds the stored answer.
CREATE UNIQUE INDEX transactions_request ON transactions (trace, terminal_id, batch, merchant_id);
CREATE UNIQUE INDEX transactions_rrn ON transactions (rrn, merchant_id);
CREATE INDEX transactions_auth_code ON transactions (auth_code, merchant_id)
    WHERE kind = 'preauth' AND auth_code <> '';
CREATE INDEX transactions_original ON transactions (original_id, merchant_id)
    WHERE original_id IS NOT NULL;
CREATE UNIQUE INDEX transactions_one_live_void ON transactions (original_id, merchant_id)
    WHERE kind IN ('void', 'qr_void', 'preauth_void', 'completion_void', 'completion',
                   'completion_advice')
      AND original_id IS NOT NULL AND state NOT IN ('declined', 'reversed');
CREATE INDEX transactions_unfinished ON transactions (node, received_at)
    WHERE state IN ('received', 'sent', 'unknown', 'reversing');

-- Ledger: one row moves a positive amount from a debit to a credit account, so each row balances.
CREATE TABLE entries (
    merchant_id    text NOT NULL,
    transaction_id uuid NOT NULL,
    cause          text NOT NULL CHECK (cause IN ('approval', 'reversal', 'settlement', 'adjustment')),
    line           smallint NOT NULL,
    debit          text NOT NULL,
    credit         text NOT NULL,
    amount         bigint NOT NULL CHECK (amount > 0),
    currency       text NOT NULL,
    business_date  date NOT NULL,
    posted_at      timestamptz NOT NULL,
    PRIMARY KEY (transaction_id, cause, line, merchant_id),
    CHECK (debit <> credit),
    FOREIGN KEY (merchant_id, transaction_id) REFERENCES transactions (merchant_id, id)
);

CREATE TABLE merchant_balances (
    merchant_id text NOT NULL REFERENCES merchants,
    currency    text NOT NULL,
    pending     bigint NOT NULL DEFAULT 0,
    available   bigint NOT NULL DEFAULT 0,
    frozen      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (merchant_id, currency)
);

-- Store-and-forward: what is owed to an issuer until it acknowledges.
CREATE TABLE outbox (
    merchant_id     text NOT NULL,
    id              uuid NOT NULL,
    transaction_id  uuid NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('reversal', 'advice')),
    issuer_id       text NOT NULL,
    card_hash       bytea NOT NULL,
    reason          text NOT NULL,
    pending         boolean NOT NULL DEFAULT true,
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    leased_until    timestamptz,
    last_code       text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL,
    done_at         timestamptz,
    PRIMARY KEY (id, merchant_id),
    UNIQUE (transaction_id, kind, merchant_id),
    FOREIGN KEY (merchant_id, transaction_id) REFERENCES transactions (merchant_id, id)
);
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE pending;
CREATE INDEX outbox_card ON outbox (card_hash, created_at) WHERE pending;

CREATE TABLE incidents (
    merchant_id    text NOT NULL,
    id             uuid NOT NULL,
    kind           text NOT NULL,
    transaction_id uuid,
    detail         text NOT NULL,
    opened_at      timestamptz NOT NULL,
    closed_at      timestamptz,
    PRIMARY KEY (id, merchant_id)
);
CREATE UNIQUE INDEX incidents_one_open ON incidents (transaction_id, kind, merchant_id)
    WHERE closed_at IS NULL;

-- People who may look and act; the first one gets a password that must be changed at once.
CREATE TABLE users (
    name          text PRIMARY KEY,
    password_hash text NOT NULL,             -- argon2id
    role          text NOT NULL,
    one_time      boolean NOT NULL,
    created_at    timestamptz NOT NULL
);
