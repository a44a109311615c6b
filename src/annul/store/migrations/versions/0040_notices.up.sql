-- People are told of incidents: over which channels, who is on duty, what each is owed, and what was sent.

-- Where messages go. One that was switched off stays, for what its log says.
CREATE TABLE channels (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CONSTRAINT channels_name CHECK (name <> ''),
    kind       text NOT NULL,                 -- annul.domain.notices
    address    bytea NOT NULL,                -- sealed: it has the robot's token or the mailbox's password
    language   text NOT NULL CONSTRAINT channels_language CHECK (language IN ('zh', 'en')),
    per_minute smallint NOT NULL DEFAULT 20 CONSTRAINT channels_rate CHECK (per_minute BETWEEN 1 AND 600),
    severity   text NOT NULL CONSTRAINT channels_severity CHECK (
        severity IN ('critical', 'warning', 'notice')),
    scopes     text[] NOT NULL DEFAULT '{}',  -- none: all
    quiet_from time NOT NULL DEFAULT '00:00', -- local; the same twice: never
    quiet_to   time NOT NULL DEFAULT '00:00',
    by_rota    boolean NOT NULL DEFAULT false,
    active     boolean NOT NULL DEFAULT true,
    set_by     text NOT NULL,
    set_at     timestamptz NOT NULL
);
CREATE UNIQUE INDEX channels_active ON channels (name) WHERE active;

-- One message at a time, so that no minute has more than its robot takes: who has it, and how the last ones went.
CREATE TABLE channel_states (
    channel_id   uuid PRIMARY KEY REFERENCES channels,
    message_id   uuid,                        -- under way
    leased_until timestamptz,
    next_at      timestamptz NOT NULL,        -- no message before
    failures     integer NOT NULL DEFAULT 0,  -- in a row
    error        text NOT NULL DEFAULT '',    -- of the last message; empty: it was taken
    told_at      timestamptz                  -- when one was last taken
);

-- Who is on duty, and where they are told. A row with `only_on` stands in place of the others that begin that day.
CREATE TABLE rota (
    id         uuid PRIMARY KEY,
    channel_id uuid NOT NULL REFERENCES channels,
    person     text NOT NULL DEFAULT '',
    weekdays   smallint[] NOT NULL DEFAULT '{}',  -- from 1 (Monday); none: all
    days       text NOT NULL DEFAULT 'every' CONSTRAINT rota_days CHECK (days IN ('every', 'working', 'free')),
    from_at    time NOT NULL,                 -- local
    to_at      time NOT NULL,                 -- not later: on the next day
    since      date,
    until      date,
    only_on    date,
    set_by     text NOT NULL,
    set_at     timestamptz NOT NULL,
    CONSTRAINT rota_one_day CHECK (only_on IS NULL OR since IS NULL AND until IS NULL)
);

-- Whom to tell next when nobody has acknowledged an incident for so long.
CREATE TABLE escalations (
    step       smallint PRIMARY KEY CONSTRAINT escalations_step CHECK (step BETWEEN 1 AND 20),
    after_min  integer NOT NULL CONSTRAINT escalations_after CHECK (after_min BETWEEN 1 AND 10080),
    severity   text NOT NULL CONSTRAINT escalations_severity CHECK (
        severity IN ('critical', 'warning', 'notice')),
    channel_id uuid REFERENCES channels,      -- null: all that would be told of it now
    set_by     text NOT NULL,
    set_at     timestamptz NOT NULL
);

-- What a channel is owed: one event of one incident, once. `of_merchant` is the head's merchant_id: what a cell
-- owes stays there when its merchant moves.
CREATE TABLE notice_outbox (
    channel_id  uuid NOT NULL REFERENCES channels,
    head_id     uuid NOT NULL,
    of_merchant text NOT NULL,
    seq         integer NOT NULL,             -- of the event in its timeline
    step        smallint NOT NULL DEFAULT 0,  -- of escalation
    kind        text NOT NULL,
    severity    text NOT NULL,
    params      jsonb NOT NULL,
    at          timestamptz NOT NULL,         -- when it happened
    due_at      timestamptz NOT NULL,
    tries       integer NOT NULL DEFAULT 0,
    message_id  uuid,                         -- the last one that carried it
    state       text NOT NULL DEFAULT 'owed' CONSTRAINT notice_outbox_state CHECK (
        state IN ('owed', 'told', 'dropped')),
    PRIMARY KEY (channel_id, head_id, of_merchant, seq, step)
);
CREATE INDEX notice_outbox_owed ON notice_outbox (channel_id, due_at) WHERE state = 'owed';

-- Each message twice: before it is sent, and what came of it. Only ever added to.
CREATE TABLE notice_log (
    id         uuid PRIMARY KEY,
    message_id uuid NOT NULL,
    channel_id uuid NOT NULL REFERENCES channels,
    at         timestamptz NOT NULL,
    phase      text NOT NULL CONSTRAINT notice_log_phase CHECK (
        phase IN ('sending', 'told', 'limited', 'refused', 'unanswered', 'unknown')),
    numbers    text[] NOT NULL,               -- of the incidents it tells of; none: a test
    title      text NOT NULL,
    error      text NOT NULL DEFAULT '',
    took_ms    integer NOT NULL DEFAULT 0
);
CREATE INDEX notice_log_channel ON notice_log (channel_id, at);
CREATE INDEX notice_log_at ON notice_log (at);

-- The serving role can not change a timeline; that an event was taken up for notices is said by this alone.
CREATE FUNCTION spread_incident_events(most integer, taken_at timestamptz)
RETURNS TABLE (head_id uuid, merchant_id text, seq integer, at timestamptz, kind text, params jsonb)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH due AS (
        SELECT e.head_id, e.merchant_id, e.seq FROM public.incident_events e
        WHERE e.spread_at IS NULL ORDER BY e.at LIMIT most FOR UPDATE SKIP LOCKED
    )
    UPDATE public.incident_events e SET spread_at = taken_at
    FROM due d
    WHERE e.head_id = d.head_id AND e.merchant_id = d.merchant_id AND e.seq = d.seq
    RETURNING e.head_id, e.merchant_id, e.seq, e.at, e.kind, e.params
$$;
REVOKE EXECUTE ON FUNCTION spread_incident_events FROM PUBLIC;
