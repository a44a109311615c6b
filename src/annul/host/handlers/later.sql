-- What is kept of a transaction after it: what its chip says of scripts, who has signed for it.

-- name: script_result
-- description: Keep what became of scripts; what was said already adds nothing.
INSERT INTO script_results (merchant_id, transaction_id, batch, trace, chip, received_at)
SELECT :merchant, :transaction::uuid, :batch, :trace, :chip::text, :now
WHERE NOT EXISTS (
    SELECT FROM script_results
    WHERE merchant_id = :merchant AND transaction_id = :transaction AND chip = :chip)
ON CONFLICT DO NOTHING;

-- name: signature
-- description: Keep a part of a signature, unless it is there.
INSERT INTO signatures (merchant_id, transaction_id, part, size, digest, sealed, received_at)
VALUES (:merchant, :transaction, :part, :size, :digest, :sealed, :now)
ON CONFLICT DO NOTHING;

-- name: signed
-- description: By what a part of a signature is known.
SELECT digest FROM signatures
WHERE merchant_id = :merchant AND transaction_id = :transaction AND part = :part;
