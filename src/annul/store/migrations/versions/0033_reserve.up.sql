-- What of a day that is paid out at once is held back, against what comes back of it later.

-- So many parts per million by contract, whatever the terms; without it, what the shop's own history says
-- where a day becomes available on itself (D+0), nothing elsewhere.
ALTER TABLE settlement_terms ADD COLUMN reserve_ppm integer
    CONSTRAINT settlement_terms_reserve CHECK (reserve_ppm BETWEEN 0 AND 1000000);

-- A day that `holds` does not become available before it stands in `reserves`. `largest` is its largest sale.
ALTER TABLE merchant_days
    ADD COLUMN holds boolean NOT NULL DEFAULT false,
    ADD COLUMN largest bigint NOT NULL DEFAULT 0;
-- A day of all merchants lies together, as they are counted in its order.
CREATE INDEX merchant_days_day ON merchant_days USING brin (business_date);

-- Days up to `returned_to` were searched for what came back on them.
ALTER TABLE books ADD COLUMN returned_to date NOT NULL DEFAULT '-infinity';

-- What came back of a merchant on a business day of what it had sold on one before: voids, refunds, sales
-- that were reversed, and `disputed` ones, which are a part of `amount`.
CREATE TABLE returned_later (
    merchant_id text NOT NULL,
    back_on     date NOT NULL,
    sold_on     date NOT NULL,
    currency    text NOT NULL,
    amount      bigint NOT NULL,
    disputed    bigint NOT NULL,
    PRIMARY KEY (merchant_id, back_on, sold_on, currency),
    CONSTRAINT returned_later_order CHECK (sold_on < back_on)
);
CREATE INDEX returned_later_day ON returned_later USING brin (back_on);

-- What is held back of a business day until the end of another (`free_on`). It is written before the day
-- becomes available, and held from then on; `left_over` is what has not been given free. The id is that of
-- its move; `reason` are the numbers that led to the share.
CREATE TABLE reserves (
    merchant_id text NOT NULL,
    on_day      date NOT NULL,
    currency    text NOT NULL,
    id          uuid NOT NULL,
    share_ppm   integer NOT NULL CONSTRAINT reserves_share CHECK (share_ppm BETWEEN 0 AND 1000000),
    amount      bigint NOT NULL,
    left_over   bigint NOT NULL,
    free_on     date NOT NULL,
    reason      jsonb NOT NULL,
    held_at     timestamptz,
    PRIMARY KEY (merchant_id, on_day, currency),
    CONSTRAINT reserves_left CHECK (left_over BETWEEN 0 AND amount)
);
CREATE INDEX reserves_held ON reserves (merchant_id, currency, free_on) WHERE left_over > 0;
CREATE INDEX reserves_due ON reserves (free_on, merchant_id) WHERE left_over > 0;
CREATE INDEX reserves_day ON reserves USING brin (on_day);
