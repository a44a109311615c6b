-- By what a process proves that its local master key is the one that all of this is sealed under.
CREATE TABLE master_key (
    check_value bytea NOT NULL CHECK (length(check_value) = 32),   -- derived one way
    kept_at     timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX master_key_once ON master_key ((true));
