-- name: try
-- description: Count a try as wrong; give what it takes to look at it, if it may be.
-- The row of name and address decides first, then that of the name, each under its lock. A name that
-- is locked for strangers is not for an address from which it came in before. `lock` is what this
-- try has locked.
WITH pair AS (
    INSERT INTO sign_in_tries AS t (name, address, failures, tried_at)
    SELECT name, :address, 1, :now FROM users WHERE name = :name AND active
    ON CONFLICT (name, address) DO UPDATE
    SET failures = t.failures + 1, tried_at = :now,
        locked_until = CASE WHEN t.failures + 1 >= :tries THEN :now::timestamptz + least(
            :longest::interval, :lock::interval * 2.0 ^ least(t.failures + 1 - :tries, 20)) END
    WHERE t.locked_until IS NULL OR t.locked_until <= :now
    RETURNING name, let_in_at, locked_until
)
UPDATE users u
SET failures = CASE WHEN u.locked_until <= :now THEN 1 ELSE u.failures + 1 END,
    locked_until = CASE WHEN u.locked_until > :now THEN u.locked_until
                        WHEN u.locked_until IS NULL AND u.failures + 1 >= :in_all
                        THEN :now::timestamptz + :longest::interval END
FROM pair p
WHERE u.name = p.name AND (p.let_in_at > :now::timestamptz - :known::interval
                           OR u.locked_until IS NULL OR u.locked_until <= :now)
RETURNING u.password_hash, u.one_time, u.factor_secret, p.locked_until AS lock;

-- name: let_in
-- description: Forget wrong tries, and know the address.
-- Rows are locked in the order of a try: that of name and address first.
WITH pair AS (
    UPDATE sign_in_tries SET failures = 0, locked_until = NULL, let_in_at = :now
    WHERE name = :name AND address = :address
    RETURNING name
)
UPDATE users SET failures = 0, locked_until = NULL, signed_in_at = :now
FROM (SELECT count(*) FROM pair) before
WHERE users.name = :name;

-- name: take_back
-- description: Count one try as not wrong after all; a lock that another try has set stays.
WITH pair AS (
    UPDATE sign_in_tries
    SET failures = failures - 1,
        locked_until = CASE WHEN locked_until = :lock THEN NULL ELSE locked_until END
    WHERE name = :name AND address = :address AND failures > 0
    RETURNING name
)
UPDATE users
SET failures = failures - 1,
    locked_until = CASE WHEN failures > :in_all THEN locked_until END
FROM (SELECT count(*) FROM pair) before
WHERE users.name = :name AND failures > 0;

-- name: audit
-- description: Keep who came in, or was refused, and from where.
INSERT INTO audit (id, at, who, role, action, object, reason, detail)
SELECT :id, :now, name, role, :action, 'user ' || name, '',
       jsonb_build_object('address', :address::text)
FROM users WHERE name = :name;
