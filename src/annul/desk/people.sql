-- name: merchant
-- description: Whether there is such a merchant.
SELECT EXISTS (SELECT FROM merchants WHERE merchant_id = :merchant);

-- name: key_name
-- description: What a key in force is called.
SELECT name || ' ' || prefix FROM api_keys WHERE id = :id AND ended_at IS NULL;
