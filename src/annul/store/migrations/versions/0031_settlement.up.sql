-- Business days are closed one after another; what a merchant's day came to becomes its own to be paid.

-- One row: business days before `open_from` are closed, nothing is posted on them any more; those up to
-- `counted_to` stand in `merchant_days`. `closed_in` is the transaction that closed the last one.
CREATE TABLE books (
    one          boolean PRIMARY KEY DEFAULT true CONSTRAINT books_one CHECK (one),
    open_from    date NOT NULL DEFAULT '-infinity',
    counted_to   date NOT NULL DEFAULT '-infinity',
    closed_in    xid8,
    leased_until timestamptz
);
INSERT INTO books DEFAULT VALUES;

-- A contract's terms from a business day on; without a row it is the next working day (T+1).
CREATE TABLE settlement_terms (
    merchant_id text NOT NULL REFERENCES merchants,
    valid_from  date NOT NULL,
    cycle       text NOT NULL CONSTRAINT settlement_terms_cycle CHECK (
        cycle IN ('working', 'calendar', 'weekly')),
    days        smallint NOT NULL DEFAULT 1 CONSTRAINT settlement_terms_days CHECK (
        days BETWEEN 0 AND 60),
    weekday     smallint CONSTRAINT settlement_terms_weekday CHECK (weekday BETWEEN 1 AND 7),
    fee_ppm     integer NOT NULL DEFAULT 0 CONSTRAINT settlement_terms_fee CHECK (
        fee_ppm BETWEEN 0 AND 49999),
    set_by      text NOT NULL,
    set_at      timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, valid_from)
);

-- What a closed business day of a merchant came to, in minor units: taken by sales, given back, fees that
-- were charged less those that were returned. `net` becomes available on `due_on`, less `fee`.
CREATE TABLE merchant_days (
    merchant_id   text NOT NULL,
    id            uuid NOT NULL,
    currency      text NOT NULL,
    business_date date NOT NULL,
    taken         bigint NOT NULL,
    given_back    bigint NOT NULL,
    fees          bigint NOT NULL,
    net           bigint NOT NULL,
    fee           bigint NOT NULL,
    due_on        date NOT NULL,
    available_at  timestamptz,
    PRIMARY KEY (merchant_id, business_date, currency),
    CONSTRAINT merchant_days_net CHECK (net = taken - given_back - fees)
);
CREATE INDEX merchant_days_due ON merchant_days (due_on, merchant_id) WHERE available_at IS NULL;

-- A business day of the entries lies together, as they are written in its order.
CREATE INDEX entries_day ON entries USING brin (business_date);
