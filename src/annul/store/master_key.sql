-- name: tables
-- description: Whether the tables are there: that of the check value, and those of what is sealed.
SELECT to_regclass('master_key') IS NOT NULL AS known, to_regclass('transactions') IS NOT NULL AS any;

-- name: kept
-- description: The check value of the master key that all is sealed under.
SELECT check_value FROM master_key;

-- name: keep
-- description: Keep a check value, unless there is one.
INSERT INTO master_key (check_value) VALUES (:check_value) ON CONFLICT DO NOTHING;

-- name: keys
-- description: Keys that are wrapped under the master key, the latest of terminals first.
(SELECT kind, algorithm, wrapped FROM terminal_keys ORDER BY issued_at DESC LIMIT :limit)
UNION ALL SELECT 'pin', '3des', pin_key FROM issuers WHERE pin_key IS NOT NULL
UNION ALL SELECT 'mac', '3des', mac_key FROM issuers WHERE mac_key IS NOT NULL
LIMIT :limit;

-- name: cards
-- description: Card numbers that are sealed under the master key, of the latest transactions first.
SELECT card_cipher FROM transactions WHERE length(card_cipher) > 0 ORDER BY id DESC LIMIT :limit;
