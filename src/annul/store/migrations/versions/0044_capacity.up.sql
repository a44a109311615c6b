-- What an installation carries: measured by each host process once a minute.
CREATE TABLE host_samples (
    node            smallint NOT NULL,
    at              timestamptz NOT NULL,   -- the end of the interval
    seconds         real NOT NULL CHECK (seconds > 0),
    transactions    integer NOT NULL,       -- written into the journal by this process
    statements      integer NOT NULL,       -- of its group commit
    cpu_s           real NOT NULL,          -- of this process
    answers         integer[] NOT NULL,     -- by annul.store.histogram.ANSWERS_S
    lanes           jsonb NOT NULL,         -- of each kind of statement: statements, rows, seconds, by STATEMENTS_S
    -- Of the whole database in this interval, whoever caused it.
    db_active_s     real NOT NULL,          -- sum over connections of the time in statements
    db_cpu_s        real,                   -- null: the server is on another machine
    db_commits      integer NOT NULL,
    db_read         bigint NOT NULL,        -- blocks
    db_hit          bigint NOT NULL,
    -- At the end of it.
    db_connections  integer NOT NULL,       -- of all databases of the server
    db_allowed      integer NOT NULL,
    db_bytes        bigint NOT NULL,
    db_tables       jsonb NOT NULL,         -- bytes of the largest, with their indexes
    disk_free       bigint,                 -- null: not known here
    disk_total      bigint,
    CONSTRAINT host_samples_pkey PRIMARY KEY (node, at)
);
CREATE INDEX host_samples_at ON host_samples (at);

-- How many transactions each hour brought, counted once from the journal; an hour in which a business day
-- ends has a row for each.
CREATE TABLE volumes (
    hour          timestamptz NOT NULL,
    business_date date NOT NULL,
    transactions  integer NOT NULL,
    peak_second   integer NOT NULL,          -- the most within one second
    CONSTRAINT volumes_pkey PRIMARY KEY (hour, business_date)
);

-- What was worked out from both, the last time.
CREATE TABLE capacity_reports (
    one    boolean NOT NULL DEFAULT true CHECK (one),
    at     timestamptz NOT NULL,
    report jsonb NOT NULL,
    CONSTRAINT capacity_reports_pkey PRIMARY KEY (one)
);
