-- Dialects that somebody brought along, as documents. A change is a new version, and the latest counts.
CREATE TABLE dialects (
    name     text NOT NULL CONSTRAINT dialects_name CHECK (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    version  integer NOT NULL CONSTRAINT dialects_version CHECK (version > 0),
    document text NOT NULL CONSTRAINT dialects_document CHECK (length(document) BETWEEN 1 AND 200000),
    note     text NOT NULL,                    -- why
    set_by   text NOT NULL,
    set_at   timestamptz NOT NULL,
    CONSTRAINT dialects_pkey PRIMARY KEY (name, version)
);
