-- name: issuer
-- description: Put an issuer in, or give it the address and keys that it has now.
INSERT INTO issuers (issuer_id, name_zh, name_en, host, port, timeout_ms, pin_key, mac_key)
VALUES (:issuer, :name_zh, :name_en, :host, :port, :timeout_ms, :pin_key, :mac_key)
ON CONFLICT (issuer_id) DO UPDATE
SET host = excluded.host, port = excluded.port,
    pin_key = excluded.pin_key, mac_key = excluded.mac_key;

-- name: bin
-- description: Put a row of the routing table in.
INSERT INTO bins (prefix, issuer_id, backup_issuer_id, card_type, scheme)
VALUES (:prefix, :issuer, :backup, :card_type, :scheme)
ON CONFLICT DO NOTHING;

-- name: fee_rate
-- description: Put a fee rate in.
INSERT INTO fee_rates (pricing, card_type, party, valid_from, rate_ppm, cap)
VALUES (:pricing, :card_type, :party, :valid_from, :rate_ppm, :cap)
ON CONFLICT DO NOTHING;

-- name: merchant
-- description: Put a merchant in.
INSERT INTO merchants (merchant_id, name_zh, name_en, category, pricing, void_needs_balance)
VALUES (:merchant, :name_zh, :name_en, :category, :pricing, :void_needs_balance)
ON CONFLICT DO NOTHING;
