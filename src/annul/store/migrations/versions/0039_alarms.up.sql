-- What the hosts have counted and nobody has judged yet. Either issuer, kind, card range and software, or
-- issuer, merchant and software: `merchant` is no key, so these rows move with nobody.
CREATE TABLE watch_counts (
    id         uuid CONSTRAINT watch_counts_pkey PRIMARY KEY,
    at         timestamptz NOT NULL,     -- since when it was counted
    issuer_id  text NOT NULL,
    kind       text NOT NULL,
    card_range text NOT NULL,            -- the first six digits
    software   text NOT NULL,            -- of the terminal
    merchant   text NOT NULL,
    approved   integer NOT NULL,
    declined   integer NOT NULL,
    faults     integer NOT NULL,
    silent     integer NOT NULL,
    slow       integer NOT NULL          -- of the answered ones
);

-- The same once it is judged, for a while, so that an alarm can tell whom it is about.
CREATE TABLE watched_ways (
    LIKE watch_counts,
    CONSTRAINT watched_ways_pkey PRIMARY KEY (at, id)
);

-- Each stream as it stands: accounts of the tests, what is usual in this hour, alarms that are open.
CREATE TABLE watched (
    scope    text NOT NULL,
    member   text NOT NULL,
    hour     timestamptz NOT NULL,       -- that `counts` are of, and for which `mean` and `upper` stand
    counts   bigint[] NOT NULL,          -- approved, declined, faults, silent, slow
    mean     float8[] NOT NULL,          -- usual share of trouble, by measure
    upper    float8[] NOT NULL,          -- the most that is usual
    accounts float8[] NOT NULL,          -- by measure and alternative
    trails   float8[] NOT NULL,          -- by measure: height, since, count, trouble
    alarms   jsonb NOT NULL,             -- by measure: since when, seen share, how far it has recovered, whose it is
    slow_ms  integer NOT NULL DEFAULT 0, -- of an issuer: what takes longer is slow; 0: not known yet
    seen_at  timestamptz NOT NULL,
    CONSTRAINT watched_pkey PRIMARY KEY (scope, member)
) WITH (fillfactor = 70);
CREATE INDEX watched_alarmed ON watched (scope) WHERE alarms <> '{}'::jsonb;

-- What is usual is learnt from: the hours of each stream. Hours with an alarm in them are not usual.
CREATE TABLE watched_hours (
    scope    text NOT NULL,
    member   text NOT NULL,
    hour     timestamptz NOT NULL,
    approved integer NOT NULL,
    declined integer NOT NULL,
    faults   integer NOT NULL,
    silent   integer NOT NULL,
    slow     integer NOT NULL,
    usual    boolean NOT NULL,
    CONSTRAINT watched_hours_pkey PRIMARY KEY (scope, member, hour)
);
CREATE INDEX watched_hours_old ON watched_hours (hour);
