-- A drill that is over, as the sandbox has told it. What it is worth is computed of it each time.
CREATE TABLE drill_runs (
    id         uuid NOT NULL,                 -- made of what was played and when: told twice it is one
    number     text NOT NULL,
    drill      text NOT NULL,
    seed       bigint NOT NULL,
    speed      double precision NOT NULL CONSTRAINT drill_runs_speed CHECK (speed > 0),
    team       text NOT NULL,
    started_by text NOT NULL,
    began      timestamptz NOT NULL,
    ended      timestamptz NOT NULL,
    truths     jsonb NOT NULL,                -- what went wrong, in minutes of the script
    deeds      jsonb NOT NULL,                -- what people did, in minutes of the script
    ends       jsonb NOT NULL,                -- of each truth, when its last case had ended; null: never
    money      double precision NOT NULL,     -- in question over time: minor units times minutes
    alone      jsonb,                         -- truths, ends and money with annul left alone; null: not played yet
    CONSTRAINT drill_runs_pkey PRIMARY KEY (id),
    CONSTRAINT drill_runs_number UNIQUE (number),
    CONSTRAINT drill_runs_time CHECK (ended >= began)
);
CREATE INDEX drill_runs_began ON drill_runs (began, id);
