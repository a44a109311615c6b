-- Rules that no issuer has told: what its answers to voids and refunds say, and what was made of it.

-- A row for each void and refund that an issuer answered, with all that a rule can be about. `place`:
-- which void of its card that day, of those that were approved (1: the first). `since_s`: since the
-- last of them, within a day. `amid`: which share of the issuer's other requests failed just then,
-- read where it was refused. `card` is the same for all samples of a card, and says nothing of it.
CREATE TABLE void_samples (
    merchant_id text NOT NULL,
    id          uuid NOT NULL,
    issuer_id   text NOT NULL,
    prefix      text NOT NULL,
    role        text NOT NULL
        CONSTRAINT void_samples_role CHECK (role IN ('void', 'release', 'refund')),
    at          timestamptz NOT NULL,
    original_id uuid,
    card        bigint,
    amount      bigint NOT NULL,
    age_s       integer,
    place       integer,
    since_s     integer,
    minute      smallint NOT NULL,
    sale_minute smallint,
    whole       boolean,
    same_day    boolean,
    ok          boolean NOT NULL,
    code        text NOT NULL,
    amid        real,
    PRIMARY KEY (id, merchant_id)
);
CREATE INDEX void_samples_issuer ON void_samples (issuer_id, at);
CREATE INDEX void_samples_at ON void_samples (at);

-- What an issuer seems to go by, until `ended_at`. `number` and `until` by kind (annul.domain.learnt):
-- minor units, a count, seconds, or minutes of the day.
CREATE TABLE learnt_rules (
    issuer_id       text NOT NULL,
    id              uuid NOT NULL,
    prefix          text NOT NULL,           -- of the cards that it is about; empty: all
    role            text NOT NULL
        CONSTRAINT learnt_rules_role CHECK (role IN ('void', 'release', 'refund')),
    rule            text NOT NULL CONSTRAINT learnt_rules_rule CHECK (rule IN (
        'never', 'amount', 'count', 'interval', 'age', 'hours', 'day_end', 'whole')),
    number          bigint NOT NULL,
    until           integer,
    within          bigint,                  -- the last that was approved before the boundary
    beyond          bigint,                  -- the first that was refused behind it
    approved_within integer NOT NULL,
    refused_within  integer NOT NULL,
    refused_beyond  integer NOT NULL,
    exceptions      integer NOT NULL,        -- approved behind it since it counts
    sure            real NOT NULL CONSTRAINT learnt_rules_sure CHECK (sure BETWEEN 0 AND 1),
    code            text NOT NULL,           -- what was said most
    since           timestamptz NOT NULL,
    changed         boolean NOT NULL,        -- it was approved before
    state           text NOT NULL DEFAULT 'suspected' CONSTRAINT learnt_rules_state CHECK (state IN (
        'suspected', 'policy', 'dismissed')),
    dismissed_with  integer NOT NULL DEFAULT 0, -- so many refusals were known then
    policy_id       uuid,
    first_seen      timestamptz NOT NULL,
    refreshed_at    timestamptz NOT NULL,
    ended_at        timestamptz,
    PRIMARY KEY (issuer_id, id)
);
CREATE UNIQUE INDEX learnt_rules_one ON learnt_rules (issuer_id, prefix, role, rule)
    WHERE ended_at IS NULL;

-- How far it has come. The row of no issuer: up to when samples were taken, who does it (a lease), and
-- the last day on which all was looked at. That of an issuer: whether it has samples that are new.
CREATE TABLE learning (
    issuer_id    text PRIMARY KEY,
    taken_until  timestamptz,
    leased_until timestamptz,
    whole_on     date,
    fresh        boolean NOT NULL DEFAULT false,
    fitted_at    timestamptz
);
INSERT INTO learning (issuer_id) VALUES ('');
