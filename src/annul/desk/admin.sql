-- name: audit
-- description: Keep who did what to which thing, and why.
INSERT INTO audit (id, at, who, role, action, object, reason, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: still
-- description: Whether a user is still let in with this role.
SELECT active AND role = $2 FROM users WHERE name = $1;

-- name: merchant
-- description: Whether there is such a merchant.
SELECT EXISTS (SELECT FROM merchants WHERE merchant_id = $1);

-- name: key_name
-- description: What a key in force is called.
SELECT name || ' ' || prefix FROM api_keys WHERE id = $1 AND ended_at IS NULL;

-- name: log
-- description: What was done, the latest first: $1 who, $2 action, $3 text, $4 since, $5 until, $6 and $7 after which, $8 how many.
SELECT id, at, who, role, action, object, reason, detail FROM audit
WHERE ($1::text = '' OR who = $1)
  AND ($2::text = '' OR action = $2)
  AND ($3::text = '' OR position(lower($3) IN lower(object || ' ' || reason)) > 0)
  AND ($4::timestamptz IS NULL OR at >= $4)
  AND ($5::timestamptz IS NULL OR at < $5)
  AND ($6::timestamptz IS NULL OR (at, id) < ($6, $7::uuid))
ORDER BY at DESC, id DESC LIMIT $8;
