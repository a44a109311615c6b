-- An incident as people know it: the head of what was raised about one outage, in `incidents`, and its timeline.
CREATE TABLE incident_heads (
    id              uuid NOT NULL,
    merchant_id     text NOT NULL DEFAULT '',   -- '' unless it is about one merchant
    number          text NOT NULL,              -- for people, like the number of a case
    scope           text NOT NULL,              -- what it is about: annul.domain.heads
    member          text NOT NULL,              -- and which one of these
    severity        text NOT NULL,              -- the highest of what was raised
    opened_at       timestamptz NOT NULL,
    joined_at       timestamptz NOT NULL,       -- when something was raised that it gathered, the last time
    quiet_since     timestamptz,                -- since when nothing of it is open
    owner           text NOT NULL DEFAULT '',
    acknowledged_by text NOT NULL DEFAULT '',
    acknowledged_at timestamptz,
    cause           text NOT NULL DEFAULT '',
    playbook        text NOT NULL DEFAULT '',
    ends_at         timestamptz,                -- where known: the end of a window that is announced
    down_since      timestamptz,                -- of an issuer: since when its cards have trouble by this
    up_at           timestamptz,                -- and until when
    closed_at       timestamptz,
    closed_by       text NOT NULL DEFAULT '',   -- '' with closed_at: by itself
    reopened_at     timestamptz,                -- by people: since then only they close it
    merged_into     uuid,
    learnt          jsonb,                      -- text, and links to what was changed
    CONSTRAINT incident_heads_pkey PRIMARY KEY (id, merchant_id),
    CONSTRAINT incident_heads_number UNIQUE (number, merchant_id),
    CONSTRAINT incident_heads_merged CHECK (merged_into IS NULL OR closed_at IS NOT NULL)
);
CREATE UNIQUE INDEX incident_heads_one_open ON incident_heads (scope, member, merchant_id)
    WHERE closed_at IS NULL;
CREATE INDEX incident_heads_merged ON incident_heads (scope, member, merchant_id)
    WHERE merged_into IS NOT NULL;
CREATE INDEX incident_heads_down ON incident_heads (down_since) WHERE down_since IS NOT NULL;
CREATE INDEX incident_heads_opened ON incident_heads (opened_at);

-- Only ever added to, but for what the notices have taken.
CREATE TABLE incident_events (
    head_id     uuid NOT NULL,
    merchant_id text NOT NULL,
    seq         integer NOT NULL,
    at          timestamptz NOT NULL,
    kind        text NOT NULL,
    actor       text NOT NULL,                  -- '' by itself
    params      jsonb NOT NULL DEFAULT '{}',
    spread_at   timestamptz,                    -- when notices have taken it
    CONSTRAINT incident_events_pkey PRIMARY KEY (head_id, merchant_id, seq)
);
CREATE INDEX incident_events_unspread ON incident_events (at) WHERE spread_at IS NULL;

-- Null: not gathered yet. What was closed before this version belongs to no head: an id of zeros.
ALTER TABLE incidents ADD COLUMN head_id uuid DEFAULT '00000000-0000-0000-0000-000000000000';
ALTER TABLE incidents ALTER COLUMN head_id DROP DEFAULT;
UPDATE incidents SET head_id = NULL WHERE closed_at IS NULL;
CREATE INDEX incidents_loose ON incidents (opened_at) WHERE head_id IS NULL;
CREATE INDEX incidents_of_head ON incidents (head_id, opened_at);
CREATE INDEX incidents_open_of_head ON incidents (head_id) WHERE closed_at IS NULL;
