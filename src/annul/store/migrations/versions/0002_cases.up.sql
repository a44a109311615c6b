-- Cases: every void that was not approved at once is driven to an end, on evidence that is kept.

-- What annul may do unasked ---------------------------------------------------------------------

ALTER TABLE merchants
    ADD COLUMN pending_covers boolean NOT NULL DEFAULT true,   -- pending money counts for a void
    ADD COLUMN retry_voids boolean NOT NULL DEFAULT true,
    -- Refund instead of a void up to this amount (minor units), 0: never unasked.
    ADD COLUMN refund_instead_limit bigint NOT NULL DEFAULT 100000
        CONSTRAINT merchants_refund_instead_limit_check CHECK (refund_instead_limit >= 0),
    -- From this amount on a person who moves money needs a second one.
    ADD COLUMN second_person_from bigint NOT NULL DEFAULT 100000
        CONSTRAINT merchants_second_person_from_check CHECK (second_person_from > 0);

ALTER TABLE terminals
    ADD COLUMN serial text NOT NULL DEFAULT '',                -- registered; empty: any
    ADD COLUMN software text NOT NULL DEFAULT '',              -- as its header says at sign-in
    ADD COLUMN wanted_software text NOT NULL DEFAULT '',
    -- What the next answer's header asks of it (processing requirement).
    ADD COLUMN wants text NOT NULL DEFAULT ''
        CONSTRAINT terminals_wants_check CHECK (wants IN ('', 'sign_in', 'parameters', 'update'));

-- Issuers with the same bank are two ways to the same books.
ALTER TABLE issuers ADD COLUMN bank text NOT NULL DEFAULT '';

-- Counts up with every change of merchants, terminals, issuers or routes: whoever changes one adds
-- to it, and every running host reads them anew.
CREATE TABLE reference (version bigint NOT NULL);
INSERT INTO reference VALUES (0);

-- Evidence --------------------------------------------------------------------------------------

ALTER TABLE transactions
    ADD COLUMN why text NOT NULL DEFAULT '',                   -- rule or silence that ended it here
    ADD COLUMN cased boolean NOT NULL DEFAULT false;           -- a case has been opened for it
CREATE INDEX transactions_failed_void ON transactions (received_at)
    WHERE kind IN ('void', 'qr_void', 'preauth_void', 'completion_void') AND NOT cased
      AND batch NOT LIKE 'A%' AND state IN ('declined', 'unknown', 'reversing', 'reversed');
CREATE INDEX transactions_card ON transactions (card_hash, received_at);
CREATE INDEX transactions_bin_voids ON transactions (issuer_id, left(card_masked, 6), received_at)
    WHERE kind IN ('void', 'qr_void', 'preauth_void', 'completion_void') AND sent = 'answered';

-- A late approval may turn a void that has ended into one that is reversed once more, beside the
-- void or refund that took its place. It opens nothing, so it is not live.
DROP INDEX transactions_one_live_void;
CREATE UNIQUE INDEX transactions_one_live_void ON transactions (original_id, merchant_id)
    WHERE kind IN ('void', 'qr_void', 'preauth_void', 'completion_void', 'completion',
                   'completion_advice')
      AND original_id IS NOT NULL AND state NOT IN ('declined', 'reversed', 'reversing');

-- Voids refused at the door, before they could be attributed or trusted enough for a transaction.
CREATE TABLE refusals (
    merchant_id   text NOT NULL,
    id            uuid NOT NULL,
    terminal_id   text NOT NULL,
    kind          text NOT NULL,
    batch         text NOT NULL,
    trace         text NOT NULL,
    rrn           text NOT NULL,
    amount        bigint NOT NULL,
    card_masked   text NOT NULL DEFAULT '',
    card_hash     bytea NOT NULL DEFAULT '',
    response_code text NOT NULL,
    rule          text NOT NULL,
    original_batch text NOT NULL DEFAULT '',
    original_trace text NOT NULL DEFAULT '',
    received_at   timestamptz NOT NULL,
    business_date date NOT NULL,
    cased         boolean NOT NULL DEFAULT false,
    PRIMARY KEY (id, merchant_id)
);
CREATE INDEX refusals_rrn ON refusals (rrn);
CREATE INDEX refusals_without_case ON refusals (received_at) WHERE NOT cased;

-- Masked messages of voids that failed: direction is terminal_in, issuer_out, issuer_in, terminal_out.
CREATE TABLE messages (
    merchant_id    text NOT NULL,
    transaction_id uuid NOT NULL,
    line           smallint NOT NULL,
    direction      text NOT NULL,
    at             timestamptz NOT NULL,
    mti            text NOT NULL,
    fields         jsonb NOT NULL,
    PRIMARY KEY (transaction_id, line, merchant_id)
);

-- How issuers do, in slots of a few seconds per host process. Latencies: counts per bucket.
CREATE TABLE issuer_stats (
    issuer_id   text NOT NULL,
    node        smallint NOT NULL,
    slot        timestamptz NOT NULL,
    requests    integer NOT NULL,
    approvals   integer NOT NULL,
    silent      integer NOT NULL,
    not_sent    integer NOT NULL,
    late        integer NOT NULL,
    faults      integer NOT NULL,
    link_drops  integer NOT NULL,
    garbled     integer NOT NULL,            -- messages that could not be read
    codes       jsonb NOT NULL,              -- response code to count
    voids       integer NOT NULL,            -- answered
    void_approvals integer NOT NULL,
    latencies   integer[] NOT NULL,
    tail        jsonb NOT NULL,              -- latest answers: milliseconds into the slot, code
    PRIMARY KEY (slot, issuer_id, node)
);

-- What goes wrong between a terminal and the host, by minute.
CREATE TABLE terminal_stats (
    merchant_id text NOT NULL,
    terminal_id text NOT NULL,
    minute      timestamptz NOT NULL,
    link_drops  integer NOT NULL DEFAULT 0,  -- the connection went away while an answer was owed
    reversals   integer NOT NULL DEFAULT 0,  -- the terminal heard nothing and reversed
    wrong_mac   integer NOT NULL DEFAULT 0,
    PRIMARY KEY (terminal_id, minute, merchant_id)
);

-- An issuer's rules as far as the acquirer knows them. `number` by kind: void_supported 0 or 1,
-- void_amount_limit minor units, voids_per_day per card, void_interval and void_window seconds;
-- maintenance and end_of_day are windows from valid_from to valid_until.
CREATE TABLE policies (
    issuer_id   text NOT NULL REFERENCES issuers,
    id          uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN (
        'void_supported', 'void_amount_limit', 'voids_per_day', 'void_interval', 'void_window',
        'maintenance', 'end_of_day')),
    number      bigint NOT NULL DEFAULT 0,
    valid_from  timestamptz NOT NULL,
    valid_until timestamptz,
    note        text NOT NULL DEFAULT '',
    set_by      text NOT NULL,
    set_at      timestamptz NOT NULL,
    PRIMARY KEY (issuer_id, id),
    CHECK (valid_until > valid_from)
);

-- What a response code means at one issuer, where it is not what the standard says.
CREATE TABLE code_meanings (
    issuer_id     text NOT NULL REFERENCES issuers,
    response_code text NOT NULL,
    cause         text NOT NULL,
    PRIMARY KEY (issuer_id, response_code)
);

-- What confirmed causes have taught: each step may be taken back.
CREATE TABLE lessons (
    id        uuid PRIMARY KEY,
    case_id   uuid NOT NULL,
    cause     text NOT NULL,
    signal    text NOT NULL,
    shift     real NOT NULL,
    taught_by text NOT NULL,
    taught_at timestamptz NOT NULL,
    undone_at timestamptz
);

-- Cases -----------------------------------------------------------------------------------------

CREATE TABLE cases (
    merchant_id    text NOT NULL,
    id             uuid NOT NULL,            -- that of the void (or refusal) which opened it
    number         text NOT NULL,            -- its reference number, which stands on the slip
    terminal_id    text NOT NULL,
    original_id    uuid,
    kind           text NOT NULL,
    amount         bigint NOT NULL,
    currency       text NOT NULL,
    card_masked    text NOT NULL,
    issuer_id      text NOT NULL,
    opened_at      timestamptz NOT NULL,
    due_at         timestamptz NOT NULL,
    next_action_at timestamptz NOT NULL,
    leased_until   timestamptz,
    leased_by      smallint,                 -- node of the host process
    step           text NOT NULL DEFAULT '', -- what is being done or waited for
    tries          integer NOT NULL DEFAULT 0,
    cause          text NOT NULL DEFAULT '',
    probability    real NOT NULL DEFAULT 0,
    confirmed      text NOT NULL DEFAULT '', -- cause confirmed by a person or by the outcome
    task           text NOT NULL DEFAULT '', -- what a person is asked to do
    ordered        text NOT NULL DEFAULT '', -- step that a person has ordered
    proposed       text NOT NULL DEFAULT '', -- step that waits for a second person
    proposed_by    text NOT NULL DEFAULT '',
    ended          text NOT NULL DEFAULT '' CHECK (ended IN ('', 'voided', 'refunded', 'refused')),
    ended_at       timestamptz,
    events         integer NOT NULL DEFAULT 0,
    head           bytea NOT NULL DEFAULT '',-- hash of the latest event
    changed_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, merchant_id),
    CHECK ((ended = '') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX cases_one_open ON cases (original_id, merchant_id)
    WHERE ended = '' AND original_id IS NOT NULL;
CREATE INDEX cases_number ON cases (number, opened_at);
CREATE INDEX cases_due ON cases (next_action_at) WHERE ended = '';
CREATE INDEX cases_opened ON cases (opened_at);
CREATE INDEX cases_original ON cases (original_id);
CREATE INDEX cases_changed ON cases (changed_at);

-- Append-only: what was done, by whom, why, and on which evidence. `hash` covers `body` and the
-- hash before it, so that a change is seen.
CREATE TABLE case_events (
    merchant_id text NOT NULL,
    case_id     uuid NOT NULL,
    line        integer NOT NULL,
    body        text NOT NULL,               -- canonical JSON
    hash        bytea NOT NULL,
    PRIMARY KEY (case_id, line, merchant_id)
);

-- One circuit per issuer: open while it fails, then one probe at a time.
CREATE TABLE circuits (
    issuer_id     text PRIMARY KEY,
    failures      integer NOT NULL DEFAULT 0,
    open          boolean NOT NULL DEFAULT false,
    next_probe_at timestamptz NOT NULL
);

-- What a terminal is told with its next message.
CREATE TABLE notices (
    merchant_id  text NOT NULL,
    id           uuid NOT NULL,
    terminal_id  text NOT NULL,
    case_id      uuid NOT NULL,
    text         text NOT NULL,
    created_at   timestamptz NOT NULL,
    delivered_at timestamptz,
    PRIMARY KEY (id, merchant_id)
);
CREATE INDEX notices_waiting ON notices (created_at) WHERE delivered_at IS NULL;

-- What a merchant is told by webhook or chat.
CREATE TABLE notifications (
    merchant_id     text NOT NULL,
    id              uuid NOT NULL,
    case_id         uuid NOT NULL,
    event           text NOT NULL,
    payload         jsonb NOT NULL,
    created_at      timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    delivered_at    timestamptz,
    PRIMARY KEY (id, merchant_id)
);

-- Who did what, why.
CREATE TABLE audit (
    id      uuid PRIMARY KEY,
    at      timestamptz NOT NULL,
    who     text NOT NULL,
    role    text NOT NULL,
    action  text NOT NULL,
    object  text NOT NULL,
    reason  text NOT NULL,
    detail  jsonb NOT NULL DEFAULT '{}'
);
