-- Many cells: a merchant lives in one of them, and the one that it has left knows where it is.

-- `here`: it is served. `leaving`: it is on its way to `cell`, and nothing is opened for it. `away`: it
-- is served by `cell`; of its rows this one is left.
ALTER TABLE merchants ADD COLUMN lives text NOT NULL DEFAULT 'here';
ALTER TABLE merchants ADD COLUMN cell text NOT NULL DEFAULT '';
ALTER TABLE merchants ADD CONSTRAINT merchants_lives CHECK (lives IN ('here', 'leaving', 'away'));
ALTER TABLE merchants ADD CONSTRAINT merchants_cell CHECK ((lives = 'here') = (cell = ''));
