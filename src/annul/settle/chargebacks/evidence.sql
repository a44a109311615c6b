-- Documents of chargebacks, and what annul itself knows of a transaction that is claimed.

-- name: count
-- description: How many documents a chargeback has.
SELECT count(*) FROM chargeback_evidence WHERE merchant_id = :merchant AND chargeback_id = :id;

-- name: add
-- description: Keep a document, encrypted; nothing where the same one is kept.
INSERT INTO chargeback_evidence (merchant_id, id, chargeback_id, kind, name, media_type, size, digest, sealed,
                                 added_by, added_at)
VALUES (:merchant, :id, :chargeback, :kind, :name, :media_type, :size, :digest, :sealed, :who, :now)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: sealed
-- description: A document of a chargeback.
SELECT kind, name, media_type, size, digest, sealed FROM chargeback_evidence
WHERE merchant_id = :merchant AND chargeback_id = :chargeback AND id = :id;

-- name: known
-- description: What annul knows of a transaction that is claimed, and of all that gave it back, at one moment.
WITH concerned AS (
    SELECT t.* FROM transactions t WHERE t.merchant_id = :merchant AND t.id = :transaction
    UNION ALL
    SELECT t.* FROM transactions t WHERE t.merchant_id = :merchant AND t.original_id = :transaction
)
SELECT coalesce((SELECT jsonb_agg(jsonb_build_object(
           'id', id, 'kind', kind, 'state', state, 'reference', rrn, 'terminal', terminal_id, 'batch', batch,
           'voucher', trace, 'amount', amount, 'currency', currency, 'card', card_masked,
           'authorisation', auth_code, 'code', response_code, 'entry_mode', entry_mode,
           'business_date', business_date, 'received_at', received_at, 'answered_at', answered_at,
           'ended_at', ended_at, 'undoes', original_id) ORDER BY received_at, id) FROM concerned), '[]')
           AS transactions,
       coalesce((SELECT jsonb_agg(jsonb_build_object(
           'transaction', m.transaction_id, 'line', m.line, 'direction', m.direction, 'at', m.at, 'mti', m.mti,
           'fields', m.fields) ORDER BY m.at, m.transaction_id, m.line)
           FROM concerned c JOIN messages m ON m.merchant_id = c.merchant_id AND m.transaction_id = c.id), '[]')
           AS messages,
       coalesce((SELECT jsonb_agg(jsonb_build_object(
           'file', f.name, 'sha256', encode(f.digest, 'hex'), 'line', r.line, 'transaction', r.transaction_id,
           'effect', r.effect, 'amount', r.amount, 'currency', r.currency, 'settles_on', r.settles_on,
           'outcome', r.outcome) ORDER BY f.settles_on, r.line)
           FROM concerned c
           JOIN clearing_rows r ON r.transaction_id = c.id
           JOIN clearing_files f ON f.id = r.file_id AND f.state = 'committed'), '[]') AS cleared,
       coalesce((SELECT jsonb_agg(jsonb_build_object(
           'transaction', e.subject, 'cause', e.kind, 'line', e.line, 'debit', e.debit, 'credit', e.credit,
           'amount', e.amount, 'currency', e.currency, 'posted_at', e.posted_at)
           ORDER BY e.posted_at, e.subject, e.line)
           FROM concerned c JOIN entries e ON e.merchant_id = c.merchant_id AND e.subject = c.id), '[]')
           AS entries,
       EXISTS (SELECT FROM concerned
               WHERE original_id IS NOT NULL AND state = 'approved' OR state = 'reversed') AS given_back,
       (SELECT number FROM cases
        WHERE merchant_id = :merchant AND (original_id = :transaction OR id = :transaction)
        ORDER BY opened_at DESC LIMIT 1) AS case_number;
