-- What a merchant has available is paid to its own account, and what the bank says of it is read back.

-- Not looked at in old rows: they keep to a narrower check.
ALTER TABLE entries DROP CONSTRAINT entries_kind;
ALTER TABLE entries ADD CONSTRAINT entries_kind CHECK (kind IN (
    'approval', 'reversal', 'adjustment', 'settlement', 'payout', 'paid', 'payout_return', 'freeze',
    'release', 'reserve', 'reserve_release', 'correction', 'chargeback')) NOT VALID;

ALTER TABLE merchant_balances
    ADD COLUMN in_payout bigint NOT NULL DEFAULT 0,
    ADD COLUMN rolling_reserve bigint NOT NULL DEFAULT 0;

-- A payout is made once at least so much, in minor units, is available.
ALTER TABLE settlement_terms ADD COLUMN minimum bigint NOT NULL DEFAULT 0
    CONSTRAINT settlement_terms_minimum CHECK (minimum >= 0);

-- An account of a merchant's own; its number is sealed, `shown` are the last four digits. One at most is
-- used for a currency; one that the bank refused is `stopped` until it is used again, or replaced.
CREATE TABLE payout_accounts (
    merchant_id text NOT NULL REFERENCES merchants,
    id          uuid NOT NULL,
    currency    text NOT NULL,
    holder      text NOT NULL,
    bank        text NOT NULL,               -- its number in clearing, or BIC
    sealed      bytea NOT NULL,
    shown       text NOT NULL,
    state       text NOT NULL CONSTRAINT payout_accounts_state CHECK (
        state IN ('asked', 'used', 'stopped', 'replaced', 'rejected')),
    why         text NOT NULL DEFAULT '',    -- it is stopped
    reason      text NOT NULL,
    asked_by    text NOT NULL,
    asked_at    timestamptz NOT NULL,
    decided_by  text NOT NULL DEFAULT '',
    decided_at  timestamptz,
    PRIMARY KEY (id, merchant_id),
    CONSTRAINT payout_accounts_two CHECK (decided_by <> asked_by)
);
CREATE UNIQUE INDEX payout_accounts_used ON payout_accounts (merchant_id, currency)
    WHERE state IN ('used', 'stopped');
CREATE INDEX payout_accounts_asked ON payout_accounts (asked_at, id) WHERE state = 'asked';

-- Money on its way to a merchant's account. Its id, without hyphens, is the reference that the bank gives
-- back. `paid_at` and `returned_at` are what the bank said, each kept once, in whatever order it came.
CREATE TABLE payouts (
    merchant_id text NOT NULL,
    id          uuid NOT NULL,
    currency    text NOT NULL,
    amount      bigint NOT NULL CONSTRAINT payouts_amount CHECK (amount > 0),
    account_id  uuid NOT NULL,
    run_on      date NOT NULL,
    state       text NOT NULL CONSTRAINT payouts_state CHECK (state IN (
        'held', 'ready', 'filed', 'paid', 'rejected', 'returned', 'cancelled')),
    made_by     text NOT NULL DEFAULT '',    -- nobody: by its terms
    made_at     timestamptz NOT NULL,
    decided_by  text NOT NULL DEFAULT '',    -- the second person
    decided_at  timestamptz,
    file_id     uuid,
    bank_code   text NOT NULL DEFAULT '',    -- why it was rejected or returned
    bank_text   text NOT NULL DEFAULT '',
    bank_ref    text NOT NULL DEFAULT '',    -- of the booking that paid it
    paid_at     timestamptz,
    returned_at timestamptz,
    PRIMARY KEY (id, merchant_id),
    CONSTRAINT payouts_two CHECK (decided_by = '' OR decided_by <> made_by)
);
CREATE INDEX payouts_merchant ON payouts (merchant_id, run_on DESC, id);
CREATE INDEX payouts_run ON payouts (run_on, id);
CREATE INDEX payouts_waiting ON payouts (currency, id) WHERE state IN ('held', 'ready');
CREATE INDEX payouts_file ON payouts (file_id) WHERE file_id IS NOT NULL;

-- What changes what a merchant has available apart from its business days; `amount` with its sign.
-- `about` is the payout that came back, or the transaction that is corrected or disputed.
CREATE TABLE account_moves (
    merchant_id text NOT NULL,
    id          uuid NOT NULL,
    currency    text NOT NULL,
    kind        text NOT NULL CONSTRAINT account_moves_kind CHECK (kind IN (
        'freeze', 'release', 'reserve', 'reserve_release', 'payout_return', 'correction', 'chargeback')),
    amount      bigint NOT NULL CONSTRAINT account_moves_amount CHECK (amount <> 0),
    about       uuid,
    reason      text NOT NULL,
    state       text NOT NULL CONSTRAINT account_moves_state CHECK (
        state IN ('asked', 'done', 'rejected')),
    asked_by    text NOT NULL,               -- nobody: by a rule
    asked_at    timestamptz NOT NULL,
    decided_by  text NOT NULL DEFAULT '',
    decided_at  timestamptz,
    payout_id   uuid,
    PRIMARY KEY (id, merchant_id),
    CONSTRAINT account_moves_two CHECK (decided_by = '' OR decided_by <> asked_by)
);
CREATE INDEX account_moves_merchant ON account_moves (merchant_id, asked_at DESC, id);
CREATE INDEX account_moves_unpaid ON account_moves (merchant_id, currency)
    WHERE state = 'done' AND payout_id IS NULL;
CREATE INDEX account_moves_asked ON account_moves (asked_at, id) WHERE state = 'asked';

ALTER TABLE merchant_days ADD COLUMN payout_id uuid;
-- Days that become available together lie together.
CREATE INDEX merchant_days_came ON merchant_days USING brin (available_at);
CREATE INDEX merchant_days_unpaid ON merchant_days (merchant_id, currency)
    WHERE available_at IS NOT NULL AND payout_id IS NULL;

-- A file for the bank, sealed. It is written beside its place first, then `released_at` is kept, then it is
-- moved to its place: who finds it released can tell by what lies there whether the bank may have it.
CREATE TABLE payout_files (
    id           uuid PRIMARY KEY,
    name         text NOT NULL,
    format       text NOT NULL,
    currency     text NOT NULL,
    payouts      integer NOT NULL,
    total        bigint NOT NULL,
    sealed       bytea NOT NULL,
    digest       bytea NOT NULL,             -- SHA-256 of its content
    made_at      timestamptz NOT NULL,
    released_at  timestamptz,
    released_by  text NOT NULL DEFAULT '',   -- machine and folder, or who took it from the console
    part         text NOT NULL DEFAULT '',   -- its name beside its place
    delivered_at timestamptz
);
CREATE INDEX payout_files_owed ON payout_files (made_at) WHERE delivered_at IS NULL;

-- What the bank sent: read once, whatever its name is the next time.
CREATE TABLE bank_files (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    format     text NOT NULL,
    digest     bytea NOT NULL CONSTRAINT bank_files_digest UNIQUE,
    rows       integer NOT NULL,
    read_by    text NOT NULL,
    read_at    timestamptz NOT NULL,
    waits      boolean NOT NULL DEFAULT false,  -- a person gave it: what gives money back waits for another one
    confirmed_by text NOT NULL DEFAULT '',
    confirmed_at timestamptz,
    applied_at timestamptz,
    CONSTRAINT bank_files_two CHECK (confirmed_by <> read_by)
);

-- A line of it, and what became of it: `foreign` is none of ours, `unknown` says so without being it;
-- `elsewhere` is of a merchant that another cell serves, where the file is to be read as well; `said` is what the bank says of the payout.
CREATE TABLE bank_rows (
    file_id   uuid NOT NULL,
    line      integer NOT NULL,
    said      text NOT NULL CONSTRAINT bank_rows_said CHECK (
        said IN ('accepted', 'rejected', 'booked', 'returned')),
    reference text NOT NULL,
    payout    uuid,                          -- whom the reference may name; it is ours by its form
    message   uuid,                          -- the file of ours of which it speaks as a whole
    currency  text NOT NULL,
    amount    bigint NOT NULL,
    code      text NOT NULL,
    text      text NOT NULL,
    bank_ref  text NOT NULL,
    booked_on date,
    outcome   text CONSTRAINT bank_rows_outcome CHECK (outcome IN (
        'done', 'repeated', 'unknown', 'foreign', 'elsewhere', 'differs', 'contradicts', 'twice')),
    PRIMARY KEY (file_id, line)
);
CREATE INDEX bank_rows_left ON bank_rows (file_id, line) WHERE outcome IS NULL;
CREATE INDEX bank_rows_payout ON bank_rows (payout) WHERE payout IS NOT NULL;

-- Up to which time of its schedule payouts were made, and who makes and sends them.
ALTER TABLE books
    ADD COLUMN paid_to timestamptz NOT NULL DEFAULT '-infinity',
    ADD COLUMN paying_until timestamptz;
