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
