-- Requests that ask for something back, by terminal and minute: `guessed` name a voucher that is not there
-- or another card's, `fitting` one that may be given back, `in_row` are the guesses after the last such.
ALTER TABLE terminal_stats
    ADD COLUMN guessed integer NOT NULL DEFAULT 0,
    ADD COLUMN fitting integer NOT NULL DEFAULT 0,
    ADD COLUMN in_row integer NOT NULL DEFAULT 0;

-- One for each case is no kind of incident any more: what still holds is opened again, by issuer.
UPDATE incidents SET closed_at = now() WHERE kind = 'case_issuer_error' AND closed_at IS NULL;
