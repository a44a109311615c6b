-- When a merchant's business days end by its contract, from one of them on: hour and minute of the day's own
-- date, in the zone of the business; null: when the house's do, as without a row. What is past stays told.
CREATE TABLE cut_overs (
    merchant_id text NOT NULL REFERENCES merchants,
    valid_from  date NOT NULL,
    cut_over    time CONSTRAINT cut_overs_minute CHECK (
        cut_over < '24:00' AND cut_over = date_trunc('minute', cut_over::interval)::time),
    set_by      text NOT NULL,
    set_at      timestamptz NOT NULL,
    CONSTRAINT cut_overs_pkey PRIMARY KEY (merchant_id, valid_from)
);
