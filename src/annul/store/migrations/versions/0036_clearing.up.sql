-- What issuers have cleared is read, matched with what is booked here, and differences are worked on.

-- Not looked at in old rows: they keep to a narrower check.
ALTER TABLE entries DROP CONSTRAINT entries_kind;
ALTER TABLE entries ADD CONSTRAINT entries_kind CHECK (kind IN (
    'approval', 'reversal', 'adjustment', 'settlement', 'payout', 'paid', 'payout_return', 'freeze',
    'release', 'reserve', 'reserve_release', 'correction', 'chargeback', 'clearing', 'break',
    'break_end')) NOT VALID;
ALTER TABLE account_moves DROP CONSTRAINT account_moves_kind;
ALTER TABLE account_moves ADD CONSTRAINT account_moves_kind CHECK (kind IN (
    'freeze', 'release', 'reserve', 'reserve_release', 'payout_return', 'correction', 'chargeback',
    'clearing'));

-- How the columns of a table of some issuer are read, as somebody has confirmed them.
CREATE TABLE clearing_maps (
    name     text PRIMARY KEY,
    map      jsonb NOT NULL,
    saved_by text NOT NULL,
    saved_at timestamptz NOT NULL
);

-- A file of an issuer, or of a scheme for several, that tells what was cleared up to the end of a day. It is
-- `staged` until somebody has looked at it; committed it counts, and can be discarded. `covers_from` is the
-- first day of which no file of the same issuers had told before.
CREATE TABLE clearing_files (
    id           uuid PRIMARY KEY,
    name         text NOT NULL,
    layout       text NOT NULL,
    digest       bytea NOT NULL,
    issuers      text[] NOT NULL,            -- none: every issuer
    settles_on   date NOT NULL,
    covers_from  date,
    state        text NOT NULL CONSTRAINT clearing_files_state CHECK (
        state IN ('loading', 'staged', 'committed', 'discarded', 'dropped')),
    rows         integer NOT NULL DEFAULT 0,
    bad          integer NOT NULL DEFAULT 0,
    result       jsonb NOT NULL DEFAULT '{}',
    read_by      text NOT NULL,
    read_at      timestamptz NOT NULL,
    committed_by text NOT NULL DEFAULT '',
    committed_at timestamptz,
    ended_by     text NOT NULL DEFAULT '',   -- it was dropped or discarded
    ended_at     timestamptz,
    reason       text NOT NULL DEFAULT ''
);
-- The same file twice changes nothing.
CREATE UNIQUE INDEX clearing_files_digest ON clearing_files (digest)
    WHERE state IN ('staged', 'committed');
CREATE INDEX clearing_files_day ON clearing_files (settles_on) WHERE state = 'committed';
CREATE INDEX clearing_files_read ON clearing_files (read_at DESC, id);

-- Rows of files that nobody has committed: after a crash of the database they are read again.
CREATE UNLOGGED TABLE clearing_staged (
    file_id        uuid NOT NULL,
    line           integer NOT NULL,
    merchant_id    text NOT NULL,
    terminal_id    text NOT NULL,
    trace          text NOT NULL,
    rrn            text NOT NULL,
    auth_code      text NOT NULL,
    card_hash      bytea,
    card_masked    text NOT NULL,
    kind           text NOT NULL,
    effect         text NOT NULL,
    amount         bigint NOT NULL,
    currency       text NOT NULL,
    fee            bigint,
    sent_at        text NOT NULL,
    settles_on     date,
    code           text NOT NULL,
    original_trace text NOT NULL,
    undone         text NOT NULL
);
CREATE INDEX clearing_staged_file ON clearing_staged (file_id);

CREATE TABLE clearing_bad_lines (
    file_id uuid NOT NULL REFERENCES clearing_files,
    line    integer NOT NULL,
    zh      text NOT NULL,                   -- why it is no row
    en      text NOT NULL,
    text    text NOT NULL,                   -- masked
    PRIMARY KEY (file_id, line)
);

-- Rows of committed files. `transaction_id` is the one that a row tells of, `undoes` whether it tells that it was
-- taken back: each is told once. `about` is what a row means that may not count for it.
CREATE TABLE clearing_rows (
    file_id        uuid NOT NULL,
    line           integer NOT NULL,
    merchant_id    text NOT NULL,
    terminal_id    text NOT NULL,
    trace          text NOT NULL,
    rrn            text NOT NULL,
    auth_code      text NOT NULL,
    card_hash      bytea,
    card_masked    text NOT NULL,
    kind           text NOT NULL,
    effect         text NOT NULL CONSTRAINT clearing_rows_effect CHECK (
        effect IN ('taken', 'given_back', 'reversed', 'returned', 'fee')),
    amount         bigint NOT NULL CONSTRAINT clearing_rows_amount CHECK (amount >= 0),
    currency       text NOT NULL,
    fee            bigint,
    sent_at        text NOT NULL,
    settles_on     date,
    code           text NOT NULL,
    original_trace text NOT NULL,
    undone         text NOT NULL,
    transaction_id uuid,
    undoes         boolean NOT NULL,
    outcome        text NOT NULL,
    about          uuid,
    PRIMARY KEY (file_id, line)
);
CREATE UNIQUE INDEX clearing_rows_once ON clearing_rows (transaction_id, undoes)
    WHERE transaction_id IS NOT NULL;
CREATE INDEX clearing_rows_open ON clearing_rows (file_id, line) WHERE outcome <> 'matched';

-- What is booked here and had no row in a file that might have had one: expected in one of the next, until
-- `due_on`. `found_in` is the file that told of it, or in which it was found to be missing.
CREATE TABLE clearing_carried (
    merchant_id    text NOT NULL,
    transaction_id uuid NOT NULL,
    undoes         boolean NOT NULL,
    file_id        uuid NOT NULL,
    due_on         date NOT NULL,
    found_in       uuid,
    PRIMARY KEY (transaction_id, undoes, file_id, merchant_id)
);
CREATE INDEX clearing_carried_open ON clearing_carried (due_on) WHERE found_in IS NULL;
CREATE INDEX clearing_carried_file ON clearing_carried (file_id);
CREATE INDEX clearing_carried_found ON clearing_carried (found_in) WHERE found_in IS NOT NULL;

-- What a row proves of a transaction: done, not done, or that the issuer says something else than annul has
-- kept. `was` is its state before; it is there again once the file is discarded.
CREATE TABLE clearing_proofs (
    merchant_id    text NOT NULL,
    id             uuid NOT NULL,
    transaction_id uuid NOT NULL,
    file_id        uuid NOT NULL,
    line           integer,                  -- none: that it is missing
    proves         text NOT NULL CONSTRAINT clearing_proofs_proves CHECK (
        proves IN ('done', 'not_done', 'denied')),
    was            text NOT NULL,
    was_code       text NOT NULL,
    break_id       uuid,                     -- by whose end people have said so
    row            jsonb NOT NULL,           -- as it stood in the file
    found_at       timestamptz NOT NULL,
    came           text CONSTRAINT clearing_proofs_came CHECK (came IN ('moved', 'overtaken')),
    carried_at     timestamptz,
    tried_at       timestamptz,              -- in vain
    discarded_at   timestamptz,
    undone_at      timestamptz,
    PRIMARY KEY (id, merchant_id)
);
CREATE INDEX clearing_proofs_waiting ON clearing_proofs (found_at)
    WHERE carried_at IS NULL OR discarded_at IS NOT NULL AND undone_at IS NULL;
CREATE INDEX clearing_proofs_of ON clearing_proofs (transaction_id);
CREATE INDEX clearing_proofs_file ON clearing_proofs (file_id);

-- Where a file and the books differ. `money` is what the issuer owes us by its file less what it owes us by our
-- books, in minor units; it stands in `suspense` while nobody has decided. `differs` are the fields that do:
-- [terminal, host, issuer] each.
CREATE TABLE breaks (
    merchant_id    text NOT NULL,            -- empty: nobody here
    id             uuid NOT NULL,
    kind           text NOT NULL CONSTRAINT breaks_kind CHECK (kind IN (
        'missing_here', 'missing_there', 'amount', 'state', 'twice', 'fee', 'date', 'currency')),
    file_id        uuid NOT NULL,
    line           integer,                  -- of the row; none: it is missing
    transaction_id uuid,
    money          bigint NOT NULL,
    currency       text NOT NULL,
    differs        jsonb NOT NULL,
    cause          text NOT NULL DEFAULT '',
    facts          jsonb NOT NULL DEFAULT '{}',
    foretold       boolean NOT NULL DEFAULT false,
    owner          text NOT NULL DEFAULT '',
    opened_at      timestamptz NOT NULL,
    due_at         timestamptz NOT NULL,
    state          text NOT NULL CONSTRAINT breaks_state CHECK (
        state IN ('open', 'asked', 'resolved', 'agreed', 'withdrawn')),
    resolved_as    text NOT NULL DEFAULT '' CONSTRAINT breaks_resolved CHECK (
        resolved_as IN ('', 'theirs_stand', 'ours_stand', 'explained')),
    reason         text NOT NULL DEFAULT '',
    asked_by       text NOT NULL DEFAULT '',
    asked_at       timestamptz,
    decided_by     text NOT NULL DEFAULT '',
    decided_at     timestamptz,
    ended_in       uuid,                     -- the file by which it ended
    moves          uuid[] NOT NULL DEFAULT '{}', -- of the merchant's account, which followed
    PRIMARY KEY (id, merchant_id),
    CONSTRAINT breaks_two CHECK (decided_by = '' OR decided_by <> asked_by)
);
CREATE INDEX breaks_open ON breaks (due_at, id) WHERE state IN ('open', 'asked');
CREATE INDEX breaks_file ON breaks (file_id);
CREATE INDEX breaks_transaction ON breaks (transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX breaks_opened ON breaks (opened_at DESC, id);

-- What is expected to break, before any file tells: why, and what then came.
CREATE TABLE foretold (
    merchant_id    text NOT NULL,
    transaction_id uuid NOT NULL,
    why            text NOT NULL,
    found_at       timestamptz NOT NULL,
    gone_at        timestamptz,              -- it ended before a file told
    PRIMARY KEY (transaction_id, merchant_id)
);
CREATE INDEX foretold_open ON foretold (found_at) WHERE gone_at IS NULL;

-- What was done to a break is asked of the audit log by its name.
CREATE INDEX audit_breaks ON audit (object, at) WHERE object LIKE 'break %';
-- A file fills tables at once with more rows than the planner knows of until autovacuum has come round, which
-- no transaction can wait for: the joins of a large file would be planned for a handful. The serving role
-- owns no table, so it has them counted by this.
CREATE FUNCTION count_clearing() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    ANALYZE public.clearing_staged;
    ANALYZE public.clearing_rows;
END;
$$;
REVOKE EXECUTE ON FUNCTION count_clearing FROM PUBLIC;
