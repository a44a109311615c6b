-- What a person or a program asks for at the desk that moves money, or lets it be moved by one alone.
-- A void or refund is sent only as its row says: from an amount on, once a second person approves.
CREATE TABLE orders (
    merchant_id text NOT NULL,
    id          uuid NOT NULL,               -- of the transaction that it becomes
    act         text NOT NULL CHECK (act IN ('void', 'refund', 'raise_limit')),
    original_id uuid,
    amount      bigint NOT NULL CHECK (amount > 0),  -- minor units; of raise_limit the new limit
    reason      text NOT NULL,
    state       text NOT NULL CHECK (state IN (
        'asked', 'approved', 'carried_out', 'refused', 'rejected', 'expired')),
    asked_by    text NOT NULL,               -- a person, or `key` and how it begins
    asked_at    timestamptz NOT NULL,
    decided_by  text NOT NULL DEFAULT '',    -- the second person
    decided_at  timestamptz,
    refused     text NOT NULL DEFAULT '',    -- the rule that did not allow it
    PRIMARY KEY (id, merchant_id),
    CHECK (decided_by <> asked_by),
    CHECK (state <> 'approved' OR decided_by <> '')
);
CREATE INDEX orders_waiting ON orders (asked_at, id) WHERE state IN ('asked', 'approved');
