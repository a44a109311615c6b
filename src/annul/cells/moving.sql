-- name: tables
-- description: Tables of merchants with their columns and keys; those that others refer to first.
WITH RECURSIVE refers AS (
    SELECT conrelid, confrelid FROM pg_constraint
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace AND conrelid <> confrelid
), depth AS (
    SELECT oid, 0 AS depth FROM pg_class
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    UNION ALL
    SELECT r.conrelid, d.depth + 1 FROM depth d JOIN refers r ON r.confrelid = d.oid
)
SELECT c.relname AS name, max(d.depth) AS depth,
       (SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns,
       (SELECT array_agg(a.attname::text) FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
        WHERE i.indrelid = c.oid AND i.indisprimary) AS key
FROM pg_class c JOIN depth d ON d.oid = c.oid
WHERE c.relpersistence = 'p'  -- what a crash may take is of nobody's books
  AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'merchant_id'
                                         AND NOT attisdropped)
GROUP BY c.oid, c.relname ORDER BY max(d.depth), c.relname;

-- name: alone
-- description: Keep others from moving the same merchant, as long as this session lasts.
SELECT pg_try_advisory_lock('merchants'::regclass::oid::integer, hashtext(:merchant));

-- name: standing
-- description: Where a merchant lives as this cell knows it.
SELECT lives, cell FROM merchants WHERE merchant_id = :merchant;

-- name: version
-- description: The schema's version and the master key's seal, which two cells have in common.
SELECT (SELECT version_num FROM alembic_version) AS revision,
       (SELECT array_agg(m::text) FROM master_key m) AS master;

-- name: missing_routes
-- description: Issuers that a merchant has dealt with and that this list does not have.
SELECT DISTINCT issuer_id FROM transactions
WHERE merchant_id = :merchant AND issuer_id <> '' AND issuer_id <> ALL (:known::text[]);

-- name: issuers
-- description: Issuers of a cell.
SELECT array_agg(issuer_id) FROM issuers;

-- name: stop
-- description: Serve a merchant no more; from the commit on nothing is opened for it.
UPDATE merchants SET lives = 'leaving', cell = :cell
WHERE merchant_id = :merchant AND (lives = 'here' OR lives = 'leaving' AND cell = :cell)
RETURNING pg_current_xact_id()::text;

-- name: disown
-- description: Take its terminals from the hosts that serve them.
UPDATE terminals SET host = NULL, epoch = epoch + 1 WHERE merchant_id = :merchant;

-- name: changed
-- description: Have every host read reference data anew.
UPDATE reference SET version = version + 1;

-- name: seen_by_all
-- description: Whether all that was writing when a transaction was through has ended.
SELECT pg_snapshot_xmin(pg_current_snapshot()) > :since::text::xid8;

-- name: hold_cases
-- description: Keep the resolvers away from its cases.
UPDATE cases SET leased_until = 'infinity', leased_by = NULL
WHERE merchant_id = :merchant AND ended = ''
  AND (leased_until IS NULL OR leased_until <= clock_timestamp());

-- name: hold_outbox
-- description: Keep store-and-forward away from what is owed.
UPDATE outbox SET leased_until = 'infinity'
WHERE merchant_id = :merchant AND pending
  AND (leased_until IS NULL OR leased_until <= clock_timestamp());

-- name: hold_webhooks
-- description: Keep deliveries back.
UPDATE webhook_outbox SET leased_until = 'infinity'
WHERE merchant_id = :merchant AND state = 'owed'
  AND (leased_until IS NULL OR leased_until <= clock_timestamp());

-- name: busy
-- description: What somebody still works on.
SELECT (SELECT count(*) FROM transactions
        WHERE merchant_id = :merchant AND state IN ('received', 'sent'))
     + (SELECT count(*) FROM cases WHERE merchant_id = :merchant AND ended = ''
                                     AND leased_until IS DISTINCT FROM 'infinity')
     + (SELECT count(*) FROM outbox WHERE merchant_id = :merchant AND pending
                                      AND leased_until IS DISTINCT FROM 'infinity')
     + (SELECT count(*) FROM webhook_outbox WHERE merchant_id = :merchant AND state = 'owed'
                                              AND leased_until IS DISTINCT FROM 'infinity');

-- name: free_cases
-- description: Let the resolvers work on its cases again.
UPDATE cases SET leased_until = NULL WHERE merchant_id = :merchant AND leased_until = 'infinity';

-- name: free_outbox
-- description: Let store-and-forward send again.
UPDATE outbox SET leased_until = NULL WHERE merchant_id = :merchant AND leased_until = 'infinity';

-- name: free_webhooks
-- description: Let deliveries go on.
UPDATE webhook_outbox SET leased_until = NULL
WHERE merchant_id = :merchant AND leased_until = 'infinity';

-- name: arrive
-- description: Serve it, and look once more at business days that were counted while it was elsewhere.
-- What was closed there is closed here.
WITH here AS (
    UPDATE merchants SET lives = 'here', cell = '' WHERE merchant_id = :merchant
)
UPDATE books b SET counted_to = least(b.counted_to, k.day), returned_to = least(b.returned_to, k.day),
                   open_from = greatest(b.open_from, k.closed + 1)
FROM (SELECT coalesce(d.closed, counted_to - 7) AS day, d.closed
      FROM books, (SELECT max(business_date) AS closed FROM merchant_days
                   WHERE merchant_id = :merchant) d) k;

-- name: open_from
-- description: The first business day that is open.
SELECT open_from FROM books;

-- name: own_rates
-- description: What a merchant alone is charged, of a table that all merchants have in common.
SELECT array_agg(f::text) FROM fee_rates f WHERE pricing = :merchant;

-- name: bring_rates
-- description: Let it be charged the same here.
INSERT INTO fee_rates SELECT (r::fee_rates).* FROM unnest(:rates::text[]) r ON CONFLICT DO NOTHING;

-- name: point
-- description: Say where a merchant is that left this cell.
UPDATE merchants SET lives = 'away', cell = :cell
WHERE merchant_id = :merchant AND (lives, cell) IS DISTINCT FROM ('away', :cell);

-- name: snapshot
-- description: The oldest transaction that this snapshot does not see the end of.
SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint % 4294967296)::text;

-- name: audit
-- description: Keep who moved a merchant.
INSERT INTO audit (id, at, who, role, action, object, reason, detail)
VALUES (:id, :now, :who, 'operator', :action, :merchant, :reason, :detail);
