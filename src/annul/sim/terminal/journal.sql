CREATE TABLE IF NOT EXISTS terminal (
    id          integer PRIMARY KEY CHECK (id = 1),
    batch       text NOT NULL DEFAULT '000001',
    next_trace  integer NOT NULL DEFAULT 1,
    keys        blob,           -- field 62 of the sign-in: encrypted under the master key
    parameters  blob            -- field 62 of the parameter download
);
INSERT OR IGNORE INTO terminal (id) VALUES (1);

CREATE TABLE IF NOT EXISTS records (
    batch           text NOT NULL,
    trace           text NOT NULL,
    kind            text NOT NULL,
    amount          integer NOT NULL CHECK (amount >= 0),   -- minor units
    card            text NOT NULL,                          -- masked
    fields          blob NOT NULL,      -- sealed: what a reversal or a repeat needs of the request
    state           text NOT NULL DEFAULT 'sent'
        CHECK (state IN ('sent', 'approved', 'declined', 'reversed', 'unanswered')),
    owed            text NOT NULL DEFAULT '' CHECK (owed IN ('', 'reversal', 'repeat')),
    reason          text NOT NULL DEFAULT '98',
    sends           integer NOT NULL DEFAULT 0,
    original        text NOT NULL DEFAULT '',               -- trace of the original
    response_code   text NOT NULL DEFAULT '',
    rrn             text NOT NULL DEFAULT '',
    auth_code       text NOT NULL DEFAULT '',
    voucher         text NOT NULL DEFAULT '',
    note            text NOT NULL DEFAULT '',
    balance         text NOT NULL DEFAULT '',               -- field 54
    date            text NOT NULL DEFAULT '',               -- MMDD of the answer
    time            text NOT NULL DEFAULT '',               -- hhmmss
    PRIMARY KEY (batch, trace)
);
CREATE INDEX IF NOT EXISTS records_owed ON records (batch, trace) WHERE owed <> '';

CREATE TABLE IF NOT EXISTS chips (
    kind text NOT NULL CHECK (kind IN ('key', 'aid')),
    name blob NOT NULL,             -- what it is downloaded by
    tlv  blob NOT NULL,             -- as it came
    PRIMARY KEY (kind, name)
);
