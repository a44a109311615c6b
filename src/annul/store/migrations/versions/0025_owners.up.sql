-- Several hosts in a cell: each terminal is served by one of them, and told of a void by one.

-- The number of the host that serves it, and how often that was claimed: what another host, or an
-- earlier process of this one, knows of it may be old, and nothing is opened on the strength of it.
ALTER TABLE terminals ADD COLUMN host smallint;
ALTER TABLE terminals ADD COLUMN epoch integer NOT NULL DEFAULT 0;
ALTER TABLE terminals ADD CONSTRAINT terminals_host CHECK (host BETWEEN 0 AND 9);
-- What is asked of terminals reaches the host that serves them within a second.
CREATE INDEX terminals_wants ON terminals (merchant_id, terminal_id) WHERE wants <> '';

-- A notice is with the host that tells it; another one may, once that has had its time.
ALTER TABLE notices ADD COLUMN given_until timestamptz;
