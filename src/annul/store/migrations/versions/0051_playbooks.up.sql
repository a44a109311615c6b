-- Emergency plans that run. What is written stays: a version is added, never changed.
CREATE TABLE playbooks (
    name       text NOT NULL,
    version    integer NOT NULL CONSTRAINT playbooks_version CHECK (version > 0),
    text       text NOT NULL,                 -- TOML
    written_by text NOT NULL,                 -- '': annul brought it along
    written_at timestamptz NOT NULL,
    reason     text NOT NULL,
    CONSTRAINT playbooks_pkey PRIMARY KEY (name, version)
);

CREATE TABLE playbook_runs (
    id           uuid NOT NULL,
    merchant_id  text NOT NULL DEFAULT '',    -- '' unless it is about one merchant
    number       text NOT NULL,               -- for people
    playbook     text NOT NULL,
    version      integer NOT NULL,
    head_id      uuid,                        -- the incident that it belongs to
    given        jsonb NOT NULL,              -- what it is about, by place
    state        text NOT NULL CONSTRAINT playbook_runs_state CHECK (
        state IN ('running', 'waiting', 'stopped', 'done', 'undoing', 'undone')),
    step         text NOT NULL DEFAULT '',    -- where it stands
    since        timestamptz NOT NULL,        -- when it came there
    why          text NOT NULL DEFAULT '',    -- why a person is waited for, where something has failed
    next_at      timestamptz NOT NULL,
    leased_until timestamptz,
    leased_by    uuid,                        -- by which worker
    started_by   text NOT NULL,               -- '': by itself
    started_at   timestamptz NOT NULL,
    reason       text NOT NULL,
    ended_at     timestamptz,
    undone_by    text NOT NULL DEFAULT '',    -- who had it undone
    CONSTRAINT playbook_runs_pkey PRIMARY KEY (id, merchant_id),
    CONSTRAINT playbook_runs_number UNIQUE (number, merchant_id),
    CONSTRAINT playbook_runs_ended CHECK ((ended_at IS NULL) = (state IN ('running', 'waiting', 'undoing')))
);
-- Of a playbook one for each incident, and without one a single live one about the same.
CREATE UNIQUE INDEX playbook_runs_of_head ON playbook_runs (head_id, playbook, merchant_id)
    WHERE head_id IS NOT NULL;
CREATE UNIQUE INDEX playbook_runs_about ON playbook_runs (playbook, given, merchant_id)
    WHERE head_id IS NULL AND ended_at IS NULL;
CREATE INDEX playbook_runs_carried ON playbook_runs (next_at) WHERE state IN ('running', 'undoing');
CREATE INDEX playbook_runs_started ON playbook_runs (started_at);

-- The journal of a run, only ever added to: what a step did stands in the commit that did it.
CREATE TABLE playbook_steps (
    run_id       uuid NOT NULL,
    merchant_id  text NOT NULL,
    seq          integer NOT NULL,
    step         text NOT NULL,
    state        text NOT NULL CONSTRAINT playbook_steps_state CHECK (
        state IN ('done', 'skipped', 'failed', 'proposed', 'undone')),
    at           timestamptz NOT NULL,
    who          text NOT NULL DEFAULT '',    -- '': annul itself
    dual         boolean NOT NULL DEFAULT false,
    confirmed_by text NOT NULL DEFAULT '',
    result       jsonb NOT NULL DEFAULT '{}',
    reason       text NOT NULL DEFAULT '',
    CONSTRAINT playbook_steps_pkey PRIMARY KEY (run_id, merchant_id, seq),
    CONSTRAINT playbook_steps_two CHECK (confirmed_by = '' OR confirmed_by <> who),
    CONSTRAINT playbook_steps_dual CHECK (NOT (dual AND state = 'done') OR confirmed_by <> '' AND who <> '')
);
CREATE UNIQUE INDEX playbook_steps_ended ON playbook_steps (run_id, step, merchant_id)
    WHERE state IN ('done', 'skipped');
CREATE UNIQUE INDEX playbook_steps_proposed ON playbook_steps (run_id, step, merchant_id)
    WHERE state = 'proposed';
CREATE UNIQUE INDEX playbook_steps_undone ON playbook_steps (run_id, step, merchant_id)
    WHERE state = 'undone';

-- An incident's playbook is one that runs; the section of the guide is known by what was raised.
UPDATE incident_heads SET playbook = '';
