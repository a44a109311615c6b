-- Who asked for a transaction is a column; until now the first letter of its batch said it.

-- `terminal`, `program` (over the API), `resolver` (annul itself, for a case), `person` (somebody who
-- ordered it on a case).
ALTER TABLE transactions ADD COLUMN origin text NOT NULL DEFAULT 'terminal';
ALTER TABLE transactions ADD CONSTRAINT transactions_origin
    CHECK (origin IN ('terminal', 'resolver', 'person', 'program'));
-- Which attempts a person had ordered was not written down: all of a case's count as the resolver's.
-- May be run again. It need not be: hosts of older versions write no transaction once the type below
-- is another one (they answer 96, and nothing has left them), so that none comes to stand here as a
-- terminal's. Stop them first all the same, as before any update.
UPDATE transactions SET origin = CASE left(batch, 1) WHEN 'A' THEN 'resolver' ELSE 'program' END
WHERE origin = 'terminal' AND left(batch, 1) IN ('A', 'B');

-- What failed and has no case yet: what was sent for a case belongs to that one.
DROP INDEX transactions_failed;
CREATE INDEX transactions_failed ON transactions (received_at)
    WHERE kind IN ('void', 'qr_void', 'preauth_void', 'completion_void', 'refund', 'qr_refund',
                   'completion', 'completion_advice')
      AND NOT cased AND origin IN ('terminal', 'program')
      AND state IN ('declined', 'unknown', 'reversing', 'reversed', 'disputed');

-- The journal hands it over with the other columns of a transaction.
DROP TYPE journal_opening;
CREATE TYPE journal_opening AS (
    merchant_id text, id uuid, kind text, state text, sent text, terminal_id text, batch text,
    trace text, business_date date, amount bigint, currency text, original_id uuid,
    card_hash bytea, card_masked text, card_cipher bytea, card_type text, expiry text,
    card_sequence text, entry_mode text, condition text, issuer_id text, rrn text, voucher text,
    response_code text, received_at timestamptz, why text, issuer_trace text, holds bigint,
    reserves bigint, origin text, node smallint, whole boolean, owed text, pending_covers boolean);
