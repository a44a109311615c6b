-- Rules by which clearing files are judged, as people have set them: the latest one in force counts, the settings
-- where there is none. What asks less of people, or lets more pass, waits for a second one.
CREATE TABLE clearing_rules (
    version    integer PRIMARY KEY,
    rules      jsonb NOT NULL,
    reason     text NOT NULL,
    asked_by   text NOT NULL,
    asked_at   timestamptz NOT NULL,
    state      text NOT NULL CONSTRAINT clearing_rules_state CHECK (state IN ('asked', 'in_force', 'rejected')),
    decided_by text NOT NULL DEFAULT '',
    decided_at timestamptz,
    CONSTRAINT clearing_rules_two CHECK (decided_by = '' OR decided_by <> asked_by)
);
-- One at a time waits.
CREATE UNIQUE INDEX clearing_rules_asked ON clearing_rules (state) WHERE state = 'asked';

-- By which version of them a file was matched; 0: by the settings.
ALTER TABLE clearing_files ADD COLUMN rules integer NOT NULL DEFAULT 0;

-- What somebody wants to be done with a file that counts, where it takes a second person.
ALTER TABLE clearing_files
    ADD COLUMN asked_for text NOT NULL DEFAULT '' CONSTRAINT clearing_files_asked CHECK (
        asked_for IN ('', 'discard', 'again')),
    ADD COLUMN asked_by text NOT NULL DEFAULT '',
    ADD COLUMN asked_at timestamptz,
    ADD COLUMN asked_reason text NOT NULL DEFAULT '';

-- When a transaction had ended before a row proved something else of it.
ALTER TABLE clearing_proofs ADD COLUMN was_ended_at timestamptz;

-- What came of each row of a file, and of what it lacks (line 0), before it is matched anew; empty but while that
-- is done.
CREATE UNLOGGED TABLE clearing_before (
    file_id        uuid NOT NULL,
    line           integer NOT NULL,
    subject        uuid NOT NULL,
    outcome        text NOT NULL,
    transaction_id uuid,
    money          bigint NOT NULL,
    stands         text NOT NULL
);
CREATE INDEX clearing_before_file ON clearing_before (file_id);
