-- name: merchant
-- description: A shop of a scene.
INSERT INTO merchants (merchant_id, name_zh, name_en, category)
VALUES (:merchant, '示例店', 'Shop', '5411');

-- name: issuer
-- description: The issuer of a scene, reached on loopback.
INSERT INTO issuers (issuer_id, name_zh, name_en, host, port, timeout_ms)
VALUES (:issuer, '示例银行', 'Example Bank', '127.0.0.1', :port, :timeout_ms);

-- name: bin
-- description: Whose cards are the scene's issuer's.
INSERT INTO bins (prefix, issuer_id, backup_issuer_id, card_type)
VALUES (:prefix, :issuer, :backup, 'debit');

-- name: issuer_active
-- description: Takes an issuer's line away, or gives it back.
UPDATE issuers SET active = :active WHERE issuer_id = :issuer;
