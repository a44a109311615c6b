-- name: enrol
-- description: Keep a second factor whose first code has come; what was kept before is over.
UPDATE users
SET factor_secret = :secret, factor_since = :now, factor_step = :step, recovery_hashes = :recovery
WHERE name = :name AND active
RETURNING name;

-- name: remove
-- description: Remove a second factor.
UPDATE users
SET factor_secret = NULL, factor_since = NULL, factor_step = 0, recovery_hashes = '{}'
WHERE name = :name AND factor_secret IS NOT NULL
RETURNING name;

-- name: use_step
-- description: Use the code of a step of the device's clock, unless it or a later one was used.
UPDATE users SET factor_step = :step
WHERE name = :name AND active AND factor_secret = :secret AND factor_step < :step
RETURNING name;

-- name: use_recovery
-- description: Use up a recovery code; give how many are left.
UPDATE users SET recovery_hashes = array_remove(recovery_hashes, :hash)
WHERE name = :name AND active AND factor_secret IS NOT NULL AND :hash = ANY (recovery_hashes)
RETURNING cardinality(recovery_hashes);

-- name: standing
-- description: Whether somebody has a second factor, since when, and how many recovery codes are left.
SELECT factor_since, cardinality(recovery_hashes) AS recovery FROM users WHERE name = :name;
