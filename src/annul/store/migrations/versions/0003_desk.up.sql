-- The desk: who may do what, and what the console and the API keep.

-- People ----------------------------------------------------------------------------------------

ALTER TABLE users
    ADD COLUMN merchant_id text NOT NULL DEFAULT '',           -- cashier, merchant: sees this one only
    ADD COLUMN active boolean NOT NULL DEFAULT true,
    ADD COLUMN failures integer NOT NULL DEFAULT 0,            -- wrong passwords in a row
    ADD COLUMN locked_until timestamptz,
    ADD COLUMN language text NOT NULL DEFAULT ''
        CONSTRAINT users_language_check CHECK (language IN ('', 'zh', 'en')),
    ADD CONSTRAINT users_role CHECK (role IN (
        'cashier', 'merchant', 'support', 'operator', 'administrator', 'auditor'));

-- Only hashes of what a browser or a program shows to be let in.
CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    name       text NOT NULL REFERENCES users,
    csrf       text NOT NULL,
    created_at timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL
);
CREATE INDEX sessions_of ON sessions (name);

CREATE TABLE api_keys (
    id          uuid PRIMARY KEY,
    key_hash    bytea NOT NULL UNIQUE,
    prefix      text NOT NULL,               -- first characters, to tell keys apart
    name        text NOT NULL,
    scopes      text[] NOT NULL,
    merchant_id text NOT NULL DEFAULT '',    -- empty: every merchant
    created_by  text NOT NULL,
    created_at  timestamptz NOT NULL,
    ended_at    timestamptz
);

-- One effect per Idempotency-Key of one caller; `answer` is null while the first is under way.
CREATE TABLE idempotency (
    who         text NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,              -- hash of what was asked
    status      integer,
    answer      jsonb,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (who, key)
);

CREATE TABLE saved_views (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    owner      text NOT NULL REFERENCES users,
    page       text NOT NULL,
    query      text NOT NULL,                -- the page's query string
    UNIQUE (owner, page, name)
);

-- Transactions ----------------------------------------------------------------------------------

-- The latest first, as people look for transactions when they know no number. The one index of the
-- desk that the hot path pays for: it grows at its end only, and an update never touches it.
CREATE INDEX transactions_received ON transactions (received_at);

-- Issuers ---------------------------------------------------------------------------------------

CREATE TABLE contacts (
    id        uuid PRIMARY KEY,
    issuer_id text NOT NULL REFERENCES issuers,
    duty      text NOT NULL,                 -- what they are called for: switch, disputes, risk, ...
    name      text NOT NULL,
    phone     text NOT NULL DEFAULT '',
    mail      text NOT NULL DEFAULT '',
    hours     text NOT NULL DEFAULT ''
);

-- How each host process sees its line to an issuer.
CREATE TABLE issuer_links (
    issuer_id text NOT NULL REFERENCES issuers,
    node      smallint NOT NULL,
    up        boolean NOT NULL,
    trouble   text NOT NULL,
    health    text NOT NULL,                 -- up, degraded, down
    at        timestamptz NOT NULL,
    PRIMARY KEY (issuer_id, node)
);

CREATE INDEX audit_latest ON audit (at, id);

-- Webhooks --------------------------------------------------------------------------------------

CREATE TABLE webhooks (
    merchant_id text NOT NULL,
    id          uuid NOT NULL,
    url         text NOT NULL,
    secret      bytea NOT NULL,              -- signs what is sent; sealed, shown once
    inside      boolean NOT NULL,            -- may lie in the operator's own network
    active      boolean NOT NULL DEFAULT true,
    created_by  text NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (id, merchant_id)
);
CREATE INDEX webhooks_of ON webhooks (merchant_id, created_at);

-- A notification is spread once, to the webhooks that there are then; from then on its next attempt
-- is at infinity, and `delivered_at` says that nothing of it is owed any more.
CREATE INDEX notifications_due ON notifications (next_attempt_at) WHERE delivered_at IS NULL;

-- What one webhook is owed of one notification. `id` is what the receiver tells repeats by.
CREATE TABLE webhook_outbox (
    merchant_id     text NOT NULL,
    id              uuid NOT NULL,
    webhook_id      uuid NOT NULL,
    notification_id uuid NOT NULL,
    state           text NOT NULL DEFAULT 'owed'
        CHECK (state IN ('owed', 'delivered', 'given_up', 'dropped')),
    since           timestamptz NOT NULL,    -- the time to give up counts from here
    tries           integer NOT NULL DEFAULT 0,  -- since then
    attempts        integer NOT NULL DEFAULT 0,  -- ever; a late writer is told by it
    next_attempt_at timestamptz NOT NULL,
    leased_until    timestamptz,
    PRIMARY KEY (id, merchant_id),
    UNIQUE (notification_id, webhook_id, merchant_id)
);
CREATE INDEX webhook_outbox_due ON webhook_outbox (next_attempt_at) WHERE state = 'owed';

-- The log: one row per attempt.
CREATE TABLE deliveries (
    merchant_id     text NOT NULL,
    id              uuid NOT NULL,
    webhook_id      uuid NOT NULL,
    notification_id uuid NOT NULL,
    delivery_id     uuid NOT NULL,           -- the row of webhook_outbox
    at              timestamptz NOT NULL,
    attempt         integer NOT NULL,
    status          integer,                 -- HTTP status, null when nothing answered
    error           text NOT NULL DEFAULT '',
    took_ms         integer NOT NULL,
    PRIMARY KEY (id, merchant_id)
);
CREATE INDEX deliveries_of ON deliveries (webhook_id, at);
