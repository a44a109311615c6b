-- Streams in which requests are the rule: when each is looked at next, and how many come as a rule.
CREATE TABLE watched_traffic (
    scope        text NOT NULL,
    member       text NOT NULL,
    looks_at     timestamptz NOT NULL,   -- before it nothing can be missing enough
    learnt_at    timestamptz,            -- null: not learnt yet
    rates        float8[] NOT NULL,      -- least requests an hour, of workdays and of days of rest
    whole        boolean[] NOT NULL,     -- whether there was no day of either kind without any
    silent_since timestamptz,            -- an alarm is open: when it was last heard
    CONSTRAINT watched_traffic_pkey PRIMARY KEY (scope, member)
);
CREATE INDEX watched_traffic_looks ON watched_traffic (looks_at);
CREATE INDEX watched_traffic_silent ON watched_traffic (scope) WHERE silent_since IS NOT NULL;

-- Since when somebody judges without a pause: what came while nobody did is not known.
CREATE TABLE watch_turns (
    one       boolean CONSTRAINT watch_turns_pkey PRIMARY KEY CONSTRAINT watch_turns_one CHECK (one),
    began_at  timestamptz NOT NULL,
    turned_at timestamptz NOT NULL
);
