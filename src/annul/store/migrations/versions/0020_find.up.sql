-- A terminal is looked up by its number alone, whose merchant nobody has at hand.
CREATE INDEX terminals_number ON terminals (terminal_id);
