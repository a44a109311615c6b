-- The rows that the journal hands to its statements: one array of rows costs client and server a
-- fraction of one array per column. Their fields are those of `annul.store.journal_sql`, in order.

CREATE TYPE journal_opening AS (
    merchant_id text, id uuid, kind text, state text, sent text, terminal_id text, batch text,
    trace text, business_date date, amount bigint, currency text, original_id uuid,
    card_hash bytea, card_masked text, card_cipher bytea, card_type text, expiry text,
    card_sequence text, entry_mode text, condition text, issuer_id text, rrn text, voucher text,
    response_code text, received_at timestamptz, why text, issuer_trace text, holds bigint,
    reserves bigint, node smallint, whole boolean, owed text, pending_covers boolean);

CREATE TYPE journal_outcome AS (
    merchant_id text, id uuid, state text, sources text, sent text, response_code text,
    auth_code text, settlement_date text, fee bigint, icc_answer bytea, voucher text,
    late_code text, original_state text, release bigint, owed text, reason text, settles boolean,
    at timestamptz, why text, undoing bigint, unreserve bigint, posted_on date,
    seen_at timestamptz, incident text, detail text);

CREATE TYPE journal_posting AS (
    id uuid, line smallint, debit text, credit text, amount bigint);
