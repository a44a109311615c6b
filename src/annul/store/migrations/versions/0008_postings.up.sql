-- A posting has a kind and a subject: a transaction, or what pays out, sets aside and gives free
-- (a settlement, a payout, a freeze). The subject of the first three kinds is a transaction, which
-- `annul audit` holds against its entries; without the foreign key an approval reads one row less.
ALTER TABLE entries DROP CONSTRAINT entries_merchant_id_transaction_id_fkey;
ALTER TABLE entries RENAME COLUMN transaction_id TO subject;
ALTER TABLE entries RENAME COLUMN cause TO kind;
ALTER TABLE entries DROP CONSTRAINT entries_cause_check;
-- Not looked at in old rows: they keep to a narrower check.
ALTER TABLE entries ADD CONSTRAINT entries_kind CHECK (kind IN (
    'approval', 'reversal', 'adjustment', 'settlement', 'payout', 'freeze', 'release')) NOT VALID;
