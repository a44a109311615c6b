-- What terminals say of their day besides transactions: totals of foreign cards, what chips gave,
-- signatures; and what they are loaded with for chips.
-- Stop hosts of older versions first: once the type below is another one they write no transaction
-- (they answer 96, and nothing has left them).

-- Which half of a settlement's totals a card counts in: of the domestic scheme, or of a foreign one.
-- What was there before counts as domestic, as it was compared until now.
ALTER TABLE bins ADD COLUMN scheme text NOT NULL DEFAULT 'domestic';
ALTER TABLE bins ADD CONSTRAINT bins_scheme CHECK (scheme IN ('domestic', 'foreign'));
ALTER TABLE transactions ADD COLUMN scheme text NOT NULL DEFAULT 'domestic';
ALTER TABLE transactions ADD CONSTRAINT transactions_scheme
    CHECK (scheme IN ('domestic', 'foreign')) NOT VALID;

-- `balanced` and the totals without a name are those of domestic cards. Until now the foreign half was
-- not looked at, and answered as balanced.
ALTER TABLE batches ADD COLUMN foreign_balanced boolean NOT NULL DEFAULT true;
ALTER TABLE batches ADD COLUMN foreign_debit_amount bigint NOT NULL DEFAULT 0;
ALTER TABLE batches ADD COLUMN foreign_debit_count integer NOT NULL DEFAULT 0;
ALTER TABLE batches ADD COLUMN foreign_credit_amount bigint NOT NULL DEFAULT 0;
ALTER TABLE batches ADD COLUMN foreign_credit_count integer NOT NULL DEFAULT 0;

-- The journal hands it over with the other columns of a transaction.
DROP TYPE journal_opening;
CREATE TYPE journal_opening AS (
    merchant_id text, id uuid, kind text, state text, sent text, terminal_id text, batch text,
    trace text, business_date date, amount bigint, currency text, original_id uuid,
    card_hash bytea, card_masked text, card_cipher bytea, card_type text, expiry text,
    card_sequence text, entry_mode text, condition text, issuer_id text, rrn text, voucher text,
    response_code text, received_at timestamptz, why text, issuer_trace text, holds bigint,
    reserves bigint, scheme text, origin text, node smallint, whole boolean, owed text,
    pending_covers boolean);

-- What a chip gave at the end of a transaction, uploaded after a settlement. It belongs to the
-- transaction of the same batch and trace, if the host has that.
CREATE TABLE ic_uploads (
    merchant_id text NOT NULL,
    terminal_id text NOT NULL,
    batch       text NOT NULL,
    trace       text NOT NULL,
    approved    boolean NOT NULL,            -- by the chip (TC); else it refused, or the issuer failed
    card_hash   bytea NOT NULL,              -- empty: no number was said
    amount      bigint NOT NULL,
    chip        text NOT NULL,               -- field 55 tag by tag, as it may be shown
    received_at timestamptz NOT NULL,
    CONSTRAINT ic_uploads_pkey PRIMARY KEY (merchant_id, terminal_id, batch, trace),
    CONSTRAINT ic_uploads_amount CHECK (amount >= 0)
);

-- What became of the scripts that an issuer sent to a chip with its answer.
CREATE TABLE script_results (
    merchant_id    text NOT NULL,
    transaction_id uuid NOT NULL,
    batch          text NOT NULL,            -- of the message that said so
    trace          text NOT NULL,
    chip           text NOT NULL,            -- field 55 tag by tag, as it may be shown
    received_at    timestamptz NOT NULL,
    CONSTRAINT script_results_pkey PRIMARY KEY (transaction_id, batch, trace, merchant_id)
);

-- A cardholder's signature, in the parts in which it came. It is personal: sealed, and gone in time.
CREATE TABLE signatures (
    merchant_id    text NOT NULL,
    transaction_id uuid NOT NULL,
    part           smallint NOT NULL,
    size           integer NOT NULL,         -- bytes of the part in clear
    digest         bytea NOT NULL,           -- SHA-256 of the part in clear
    sealed         bytea NOT NULL,
    received_at    timestamptz NOT NULL,
    CONSTRAINT signatures_pkey PRIMARY KEY (transaction_id, part, merchant_id),
    CONSTRAINT signatures_part CHECK (part BETWEEN 0 AND 15),
    CONSTRAINT signatures_size CHECK (size BETWEEN 1 AND 2048)
);
CREATE INDEX signatures_at ON signatures (received_at);

-- Public keys of card schemes, and what terminals go by for each application; both as the operator
-- has loaded them. `tlv` is what a terminal downloads.
CREATE TABLE ca_public_keys (
    rid       bytea NOT NULL,                -- registered application provider
    key_index smallint NOT NULL,
    expires   date NOT NULL,
    tlv       bytea NOT NULL,
    active    boolean NOT NULL,
    CONSTRAINT ca_public_keys_pkey PRIMARY KEY (rid, key_index),
    CONSTRAINT ca_public_keys_rid CHECK (length(rid) = 5),
    CONSTRAINT ca_public_keys_index CHECK (key_index BETWEEN 0 AND 255)
);
CREATE TABLE aid_parameters (
    aid    bytea NOT NULL,                   -- application identifier
    tlv    bytea NOT NULL,
    active boolean NOT NULL,
    CONSTRAINT aid_parameters_pkey PRIMARY KEY (aid),
    CONSTRAINT aid_parameters_aid CHECK (length(aid) BETWEEN 5 AND 16)
);

-- A terminal may be asked to download either.
ALTER TABLE terminals DROP CONSTRAINT terminals_wants_check;
ALTER TABLE terminals ADD CONSTRAINT terminals_wants
    CHECK (wants IN ('', 'sign_in', 'parameters', 'ca_keys', 'aids', 'update'));

-- The serving role can let signatures go that are too old, and in no other way; those of an open case
-- stay.
CREATE FUNCTION purge_signatures(before timestamptz, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
WITH gone AS (
    DELETE FROM public.signatures WHERE ctid = ANY (ARRAY(
        SELECT s.ctid FROM public.signatures s
        WHERE s.received_at < least(before, now() - interval '180 days')
          AND NOT EXISTS (
              SELECT FROM public.cases c
              WHERE c.id = s.transaction_id AND c.merchant_id = s.merchant_id AND c.ended = ''
              OFFSET 0)
          AND NOT EXISTS (
              SELECT FROM public.transactions t
              JOIN public.cases c ON c.merchant_id = t.merchant_id
                   AND c.original_id = coalesce(t.original_id, t.id) AND c.ended = ''
              WHERE t.id = s.transaction_id AND t.merchant_id = s.merchant_id
              OFFSET 0)
        ORDER BY s.received_at LIMIT most FOR UPDATE OF s SKIP LOCKED))
    RETURNING part
)
SELECT count(*) FROM gone;
$$;
REVOKE EXECUTE ON FUNCTION purge_signatures FROM PUBLIC;
