-- A difference of money between a row of a clearing file and the books, as far as a rule accepts it.

-- Not looked at in old rows: they keep to a narrower check.
ALTER TABLE entries DROP CONSTRAINT entries_kind;
ALTER TABLE entries ADD CONSTRAINT entries_kind CHECK (kind IN (
    'approval', 'reversal', 'adjustment', 'settlement', 'payout', 'paid', 'payout_return', 'freeze',
    'release', 'reserve', 'reserve_release', 'correction', 'chargeback', 'clearing', 'break',
    'break_end', 'chargeback_hold', 'chargeback_return', 'chargeback_end', 'tolerance',
    'tolerance_end')) NOT VALID;

-- `id` is made of file, row and kind, so that what is posted for one is the same however often it is counted.
-- `money` is what the issuer owes us more by its file than by our books, in minor units: below zero we bear it.
-- It counts until its file is discarded, or matched by rules that accept it no longer.
CREATE TABLE clearing_differences (
    merchant_id    text NOT NULL,
    id             uuid NOT NULL,
    file_id        uuid NOT NULL,
    line           integer NOT NULL,
    kind           text NOT NULL CONSTRAINT clearing_differences_kind CHECK (kind IN ('amount', 'fee')),
    transaction_id uuid NOT NULL,
    issuer_id      text NOT NULL,
    currency       text NOT NULL,
    ours           bigint NOT NULL,
    theirs         bigint NOT NULL,
    money          bigint NOT NULL CONSTRAINT clearing_differences_money CHECK (
        money <> 0 AND abs(money) = abs(theirs - ours)),
    settles_on     date NOT NULL,            -- the day of its file, on which it counts
    account        text NOT NULL,            -- that bears it
    counts         boolean NOT NULL,
    found_at       timestamptz NOT NULL,
    PRIMARY KEY (id, merchant_id)
);
-- Of a transaction each kind is accepted once.
CREATE UNIQUE INDEX clearing_differences_once ON clearing_differences (transaction_id, kind) WHERE counts;
CREATE INDEX clearing_differences_file ON clearing_differences (file_id, line);
CREATE INDEX clearing_differences_day ON clearing_differences (settles_on, kind, currency) WHERE counts;

-- What was accepted of a row before its file is matched anew: each kind, its money, the account.
ALTER TABLE clearing_before ADD COLUMN borne text NOT NULL DEFAULT '';
