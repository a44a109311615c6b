-- A terminal is looked up by its number alone, whose merchant nobody has at hand. An expression, so
-- that no statement that names both is ever planned by it: many merchants have a terminal 1.
CREATE INDEX terminals_number ON terminals ((terminal_id || ''));
