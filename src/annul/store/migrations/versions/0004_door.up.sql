-- The door: nothing has an effect before it is proven from whom it comes.

-- A terminal's profile is set when it is registered; a sign-in can not ask for less.
ALTER TABLE terminals ADD COLUMN key_form text NOT NULL DEFAULT '003';      -- field 60.3 of its sign-in
ALTER TABLE terminals ADD COLUMN tls_identity text NOT NULL DEFAULT '';     -- of its certificate; empty: none needed
ALTER TABLE terminals ADD COLUMN unbound_management boolean NOT NULL DEFAULT false;
ALTER TABLE terminals ADD CONSTRAINT terminals_key_form CHECK (key_form ~ '^[0-9]{3}$');
ALTER TABLE terminals ADD CONSTRAINT terminals_tls_identity
    CHECK (tls_identity = '' OR tls_identity ~ '^[0-9a-f]{64}$');

-- Terminals that are registered already keep what they have signed in with.
UPDATE terminals t
SET key_form = CASE WHEN k.master = 'sm4' AND k.data IS NOT NULL THEN '006'
                    WHEN k.master = 'sm4' THEN '005'
                    WHEN k.pin = 'des' THEN '001'
                    WHEN k.data IS NOT NULL THEN '004'
                    ELSE '003' END,
    mac_algorithm = CASE WHEN k.master = 'sm4' THEN 'sm4'
                         WHEN mac_algorithm = 'sm4' THEN 'unionpay_ecb'
                         ELSE mac_algorithm END
FROM (
    SELECT merchant_id, terminal_id,
           max(algorithm) FILTER (WHERE kind = 'master') AS master,
           max(algorithm) FILTER (WHERE kind = 'pin') AS pin,
           -- One of an earlier sign-in says nothing of the latest.
           CASE WHEN max(issued_at) FILTER (WHERE kind = 'data')
                     >= max(issued_at) FILTER (WHERE kind = 'pin') THEN 'data' END AS data
    FROM terminal_keys GROUP BY merchant_id, terminal_id
) k
WHERE k.merchant_id = t.merchant_id AND k.terminal_id = t.terminal_id;

-- The end of a parameter download has an effect and so a name of its own.
UPDATE terminals SET kinds = array_append(kinds, 'parameters_taken') WHERE 'parameters' = ANY (kinds);

ALTER TABLE terminal_keys DROP CONSTRAINT terminal_keys_kind_check;
ALTER TABLE terminal_keys ADD CONSTRAINT terminal_keys_kind_check
    CHECK (kind IN ('master', 'pin', 'mac', 'mac_back', 'data'));

-- Working keys that were handed out and that nobody has used yet: the first good MAC under them
-- makes them the terminal's keys. A sign-in that is repeated is handed the same ones again.
CREATE TABLE pending_keys (
    merchant_id text NOT NULL,
    terminal_id text NOT NULL,
    kind        text NOT NULL CONSTRAINT pending_keys_kind
        CHECK (kind IN ('pin', 'mac', 'mac_back', 'data')),
    form        text NOT NULL,               -- the terminals.key_form that they were made for
    algorithm   text NOT NULL,
    wrapped     bytea NOT NULL,
    check_value bytea NOT NULL,
    issued_at   timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, terminal_id, kind),
    FOREIGN KEY (merchant_id, terminal_id) REFERENCES terminals
);

-- A refusal is kept once, however often the same bytes come; older rows have no digest.
ALTER TABLE refusals ADD COLUMN digest bytea;
CREATE UNIQUE INDEX refusals_digest ON refusals (digest, merchant_id) WHERE digest IS NOT NULL;

-- An incident about a terminal is open once.
ALTER TABLE incidents ADD COLUMN terminal_id text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX incidents_one_open_terminal ON incidents (terminal_id, kind, merchant_id)
    WHERE closed_at IS NULL AND terminal_id <> '';
