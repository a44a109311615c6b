-- What people put in force for a time while something is wrong. It ends by itself; ended_at: earlier.
CREATE TABLE interventions (
    id            uuid NOT NULL,
    merchant_id   text NOT NULL DEFAULT '',
    issuer_id     text NOT NULL DEFAULT '',
    terminal_id   text NOT NULL DEFAULT '',
    kind          text NOT NULL,
    amount        bigint NOT NULL DEFAULT 0,   -- minor units
    valid_from    timestamptz NOT NULL,
    valid_until   timestamptz NOT NULL,
    set_by        text NOT NULL,
    set_at        timestamptz NOT NULL,
    reason        text NOT NULL,
    confirmed_by  text NOT NULL DEFAULT '',
    confirmed_at  timestamptz,
    ended_by      text NOT NULL DEFAULT '',
    ended_at      timestamptz,
    CONSTRAINT interventions_pkey PRIMARY KEY (merchant_id, id),
    CONSTRAINT interventions_kind_check CHECK (kind IN (
        'route_around', 'circuit_open', 'retries_paused', 'refunds_instead', 'merchant_frozen',
        'terminal_blocked')),
    CONSTRAINT interventions_time_check CHECK (valid_from < valid_until),
    CONSTRAINT interventions_amount_check CHECK ((kind = 'refunds_instead') = (amount > 0)),
    CONSTRAINT interventions_subject_check CHECK (
        CASE kind WHEN 'merchant_frozen' THEN issuer_id = '' AND merchant_id <> '' AND terminal_id = ''
                  WHEN 'terminal_blocked' THEN issuer_id = '' AND merchant_id <> '' AND terminal_id <> ''
                  ELSE issuer_id <> '' AND merchant_id = '' AND terminal_id = '' END),
    CONSTRAINT interventions_two_check CHECK (confirmed_by <> set_by)
);
CREATE INDEX interventions_open ON interventions (valid_until) WHERE ended_at IS NULL;
