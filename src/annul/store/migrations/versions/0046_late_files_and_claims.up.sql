-- Clearing files that did not come in time. What is expected is worked out from those that came, or declared.
CREATE TABLE clearing_late (
    layout     text NOT NULL,                -- none: in any
    issuers    text[] NOT NULL,              -- sorted; none: of all
    settles_on date NOT NULL,
    due_at     timestamptz NOT NULL,
    raised_at  timestamptz NOT NULL,
    came_at    timestamptz,
    CONSTRAINT clearing_late_pkey PRIMARY KEY (layout, issuers, settles_on)
);
CREATE INDEX clearing_late_open ON clearing_late (settles_on) WHERE came_at IS NULL;

-- A row may tell that an issuer claims a sale back. Not looked at in old rows: they keep to a narrower check.
ALTER TABLE clearing_rows DROP CONSTRAINT clearing_rows_effect;
ALTER TABLE clearing_rows ADD CONSTRAINT clearing_rows_effect CHECK (
    effect IN ('taken', 'given_back', 'reversed', 'returned', 'fee', 'claimed')) NOT VALID;

-- What such a row proposes: `act` of the chargeback of its sale. It moves nothing until somebody takes it up.
CREATE TABLE chargeback_proposals (
    merchant_id    text NOT NULL,            -- none: nobody knows the sale
    id             uuid NOT NULL,
    file_id        uuid NOT NULL,
    line           integer NOT NULL,
    transaction_id uuid,
    act            text NOT NULL CONSTRAINT chargeback_proposals_act CHECK (
        act IN ('request', 'charge_back', 'charge_back_again', 'withdraw', 'win', 'lose')),
    rrn            text NOT NULL,            -- as it stands in the row
    amount         bigint NOT NULL CONSTRAINT chargeback_proposals_amount CHECK (amount >= 0),
    currency       text NOT NULL,
    found_at       timestamptz NOT NULL,
    state          text NOT NULL CONSTRAINT chargeback_proposals_state CHECK (
        state IN ('waiting', 'taken', 'dismissed', 'withdrawn')),
    chargeback_id  uuid,                     -- the one that was opened or moved by it
    decided_by     text NOT NULL DEFAULT '',
    decided_at     timestamptz,
    CONSTRAINT chargeback_proposals_pkey PRIMARY KEY (file_id, line, merchant_id),
    CONSTRAINT chargeback_proposals_taken CHECK ((state = 'taken') = (chargeback_id IS NOT NULL))
);
CREATE INDEX chargeback_proposals_id ON chargeback_proposals (id);
CREATE INDEX chargeback_proposals_waiting ON chargeback_proposals (found_at, id) WHERE state = 'waiting';
