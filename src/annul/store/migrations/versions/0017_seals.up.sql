-- Seals: one chain of keyed hashes over the audit log and the heads of cases, so that whoever owns
-- the database cannot rewrite either unseen. Only ever added to.
CREATE TABLE seals (
    number    bigint PRIMARY KEY,            -- from 1, without a gap
    what      text NOT NULL CHECK (what IN ('audit', 'case')),
    id        uuid NOT NULL,                 -- of the audit row, of the case
    line      integer NOT NULL,              -- of a case: how far its history is sealed
    digest    bytea NOT NULL,                -- SHA-256 of the audit row; the head of the history
    hash      bytea NOT NULL,                -- keyed, over the one before and all of this one
    at        timestamptz NOT NULL           -- time of what is sealed
);
CREATE UNIQUE INDEX seals_of ON seals (id, line);
