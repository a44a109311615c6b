-- Somebody has a case: until then annul does nothing to it unasked.
ALTER TABLE cases ADD COLUMN assigned_to text NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN assigned_until timestamptz;
ALTER TABLE cases ADD CONSTRAINT cases_assigned_for_a_time
    CHECK ((assigned_to = '') = (assigned_until IS NULL)) NOT VALID;
