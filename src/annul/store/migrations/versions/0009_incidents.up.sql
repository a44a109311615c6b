-- Incidents say in parameters what their sentence says (annul.domain.incidents), and `subject` names
-- what they are about: one is open for each kind and subject of a merchant. `detail` keeps what older
-- versions wrote.

ALTER TABLE incidents ADD COLUMN subject text NOT NULL DEFAULT '';
ALTER TABLE incidents ADD COLUMN params jsonb NOT NULL DEFAULT '{}';
ALTER TABLE incidents ALTER COLUMN detail SET DEFAULT '';

-- Before what was told of one transaction in several kinds becomes one kind.
DROP INDEX incidents_one_open;
DROP INDEX incidents_one_open_terminal;
-- What belongs to no transaction was told apart by its words.
UPDATE incidents SET
    kind = CASE WHEN starts_with(kind, 'escalated_') THEN 'escalated' ELSE kind END,
    subject = CASE
        WHEN transaction_id IS NOT NULL THEN transaction_id::text
        WHEN terminal_id <> '' THEN terminal_id
        WHEN kind = 'loop_stands_still'
        THEN regexp_replace(detail, '^Host process (\d+): loop (.*) does not come round.*$', '\1 \2')
        WHEN kind = 'batch_differs'
        THEN regexp_replace(detail, '^terminal (\S+) batch (\d+):.*$', '\1 \2')
        WHEN kind = 'audit_balance' THEN coalesce(substring(detail from '\. (\d{3}): '), detail)
        ELSE left(detail, 500) END;

-- Of several that are open about the same, the oldest stays so.
UPDATE incidents SET closed_at = now()
WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY kind, subject, merchant_id
                                      ORDER BY opened_at, id) AS place
        FROM incidents WHERE closed_at IS NULL) AS open_ones
    WHERE place > 1);

ALTER TABLE incidents DROP COLUMN terminal_id;
CREATE UNIQUE INDEX incidents_open ON incidents (kind, subject, merchant_id) WHERE closed_at IS NULL;

-- The journal hands the parameters over in place of a sentence.
DROP TYPE journal_outcome;
CREATE TYPE journal_outcome AS (
    merchant_id text, id uuid, state text, sources text, sent text, response_code text,
    auth_code text, settlement_date text, fee bigint, icc_answer bytea, voucher text,
    late_code text, original_state text, release bigint, owed text, reason text, settles boolean,
    at timestamptz, why text, undoing bigint, unreserve bigint, posted_on date,
    seen_at timestamptz, incident text, params jsonb);
